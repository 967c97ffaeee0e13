"""Reports: tables, cards and pictures of the documents, drawn from the results in docs/*.json."""
