"""The demo company as data: people, positions, scripts and recordings."""
