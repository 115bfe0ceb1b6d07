"""People, records, readings, jobs and exports. Knows the database, not the web."""
