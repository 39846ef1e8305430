"""What Trivet knows of each vendor, in the vendor's own words; one folder each, found by entry point."""
