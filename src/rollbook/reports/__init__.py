"""The register as CSV, XLSX and PDF."""
