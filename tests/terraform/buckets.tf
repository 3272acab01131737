resource "aws_s3_bucket" "b" {
  bucket = "made-by-terraform"
  tags   = { a = "b${var.suffix}" }
}
resource "aws_s3_bucket" "logs" { bucket = "logs-by-terraform" }
resource "aws_s3_bucket_ownership_controls" "b" {
  bucket = aws_s3_bucket.b.id
  rule { object_ownership = "BucketOwnerPreferred" }
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket              = aws_s3_bucket.b.id
  block_public_acls   = false
  block_public_policy = false
}
resource "aws_s3_bucket_acl" "b" {
  bucket     = aws_s3_bucket.b.id
  acl        = "public-read"
  depends_on = [aws_s3_bucket_ownership_controls.b, aws_s3_bucket_public_access_block.b]
}
resource "aws_s3_bucket_policy" "b" {
  bucket     = aws_s3_bucket.b.id
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "x${var.suffix}", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "${aws_s3_bucket.b.arn}/*" }] })
  depends_on = [aws_s3_bucket_public_access_block.b]
}
resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "aws:kms" }
    bucket_key_enabled = true
  }
}
resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_cors_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  cors_rule {
    id              = "one"
    allowed_methods = ["GET", "PUT"]
    allowed_origins = ["https://*.example.com"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 600
  }
}
resource "aws_s3_bucket_website_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  index_document { suffix = "index.html" }
  error_document { key = "error${var.suffix}.html" }
  routing_rule {
    condition { key_prefix_equals = "docs/" }
    redirect { replace_key_prefix_with = "documents/" }
  }
}
resource "aws_s3_bucket_logging" "b" {
  bucket        = aws_s3_bucket.b.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "logs${var.suffix}/"
}
resource "aws_s3_bucket_accelerate_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  status = "Enabled"
}
resource "aws_s3_bucket_request_payment_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  payer  = "Requester"
}
resource "aws_s3_bucket_analytics_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  name   = "all"
  filter {
    prefix = "a"
    tags   = { a = "b" }
  }
}
resource "aws_s3_bucket_metric" "b" {
  bucket = aws_s3_bucket.b.id
  name   = "all"
}
resource "aws_s3_bucket_intelligent_tiering_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  name   = "all"
  tiering {
    access_tier = "DEEP_ARCHIVE_ACCESS"
    days        = 180
  }
}
resource "aws_s3_bucket_inventory" "b" {
  bucket                   = aws_s3_bucket.b.id
  name                     = "all"
  included_object_versions = "All"
  schedule { frequency = "Daily" }
  destination {
    bucket {
      format     = "ORC"
      bucket_arn = aws_s3_bucket.logs.arn
    }
  }
}
resource "aws_s3_object" "o" {
  bucket       = aws_s3_bucket.b.id
  key          = "index.html"
  content      = "page${var.suffix}"
  content_type = "text/html"
  acl          = "public-read"
  depends_on   = [aws_s3_bucket_acl.b, aws_s3_bucket_versioning.b]
}
resource "aws_s3_object_copy" "o" {
  bucket = aws_s3_bucket.b.id
  key    = "copy.html"
  source = "${aws_s3_object.o.bucket}/${aws_s3_object.o.key}"
}
