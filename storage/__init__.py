"""What is kept: the documents, the ledger of work, the blobs, and the exports."""
