"""What integration engineers do with mapping and rules files beside checking and testing them."""
