"""What this project ships of others: bills of materials, licences, known vulnerabilities."""
