"""What the product costs, as ratios to an empty view in the same run: `make bench`."""
