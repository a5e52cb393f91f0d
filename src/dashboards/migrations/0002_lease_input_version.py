from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("dashboards", "0001_live")]

    operations = [
        migrations.RenameField(model_name="lease", old_name="stamp", new_name="input_version"),
    ]
