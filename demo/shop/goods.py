"""What the shop sells, and where its customers are."""

from collections.abc import Mapping

from demo.shop.models import Product

BOOKS, GARDEN, KITCHEN, TOYS = Product.Category

# Name, category, price, pieces on a full shelf.
PRODUCTS = (
    ("Bread baking, a course", BOOKS, 29, 160),
    ("Atlas of islands", BOOKS, 42, 90),
    ("Pruning shears", GARDEN, 34, 120),
    ("Watering can, 8 litres", GARDEN, 24, 140),
    ("Cast-iron pan", KITCHEN, 69, 80),
    ("Espresso grinder", KITCHEN, 119, 60),
    ("Wooden railway", TOYS, 55, 100),
    ("Kite", TOYS, 27, 120),
)

# Of a thousand orders, how many come from each country (ISO 3166-1 alpha-3).
COUNTRIES: Mapping[str, tuple[str, int]] = {
    "USA": ("United States", 190),
    "DEU": ("Germany", 140),
    "GBR": ("United Kingdom", 105),
    "FRA": ("France", 90),
    "CAN": ("Canada", 60),
    "JPN": ("Japan", 55),
    "ITA": ("Italy", 45),
    "ESP": ("Spain", 40),
    "AUS": ("Australia", 40),
    "BRA": ("Brazil", 38),
    "NLD": ("Netherlands", 32),
    "SWE": ("Sweden", 28),
    "POL": ("Poland", 26),
    "IND": ("India", 26),
    "MEX": ("Mexico", 20),
    "KOR": ("South Korea", 18),
    "ZAF": ("South Africa", 14),
    "KEN": ("Kenya", 10),
    "ARG": ("Argentina", 9),
    "EGY": ("Egypt", 8),
    "NZL": ("New Zealand", 6),
}
