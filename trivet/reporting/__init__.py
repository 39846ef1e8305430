"""Reports for people: pure functions from canonical documents to pages, sheets and letters; nothing here reads or stores."""
