"""What users set on a bucket: records, and the rules that follow from them."""
