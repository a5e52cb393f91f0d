"""``{% load units %}``: sizes in tables, formatted as in figures."""

from django import template

from demo.machine.units import size

register = template.Library()
register.filter("size", size)
