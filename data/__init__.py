"""Data that ships with the product and the generator of the synthetic sample; holds no product logic."""
