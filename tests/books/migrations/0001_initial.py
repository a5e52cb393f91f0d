import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Author",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="Book",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=100)),
                ("pages", models.IntegerField(default=0)),
                ("price", models.DecimalField(decimal_places=2, max_digits=8, null=True)),
                ("weight", models.FloatField(null=True)),
                ("published", models.DateField(null=True)),
                ("sold", models.DateTimeField(null=True)),
                ("in_print", models.BooleanField(default=True)),
                (
                    "genre",
                    models.CharField(
                        choices=[("n", "Novel"), ("p", "Poems")], default="n", max_length=1
                    ),
                ),
                ("code", models.UUIDField(null=True)),
                ("secret", models.CharField(default="hush", max_length=100)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="books",
                        to="books.author",
                    ),
                ),
                ("editors", models.ManyToManyField(related_name="edited", to="books.author")),
            ],
        ),
    ]
