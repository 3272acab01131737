resource "aws_s3_bucket" "code" { bucket = "code" }
resource "aws_s3_object" "code" {
  bucket         = aws_s3_bucket.code.bucket
  key            = "function.zip"
  content_base64 = "UEsDBBQAAAAAAAAAIVw/63yfJQAAACUAAAAIAAAAaW5kZXgucHlkZWYgaGFuZGxlKGV2ZW50LCBjb250ZXh0KToKICAgIHBhc3MKUEsBAhQDFAAAAAAAAAAhXD/rfJ8lAAAAJQAAAAgAAAAAAAAAAAAAAKQBAAAAAGluZGV4LnB5UEsFBgAAAAABAAEANgAAAEsAAAAAAA=="
}
resource "aws_iam_role" "worker" {
  name               = "worker"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = aws_iam_role.worker.arn
  runtime       = "python3.11"
  handler       = "index.handle"
  s3_bucket     = aws_s3_bucket.code.bucket
  s3_key        = aws_s3_object.code.key
}
resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn                   = aws_kinesis_stream.s.arn
  function_name                      = aws_lambda_function.f.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.suffix == "" ? 7 : 8
  maximum_batching_window_in_seconds = 1
  parallelization_factor             = 2
  maximum_retry_attempts             = 3
  maximum_record_age_in_seconds      = 120
  bisect_batch_on_function_error     = true
  function_response_types            = ["ReportBatchItemFailures"]
  destination_config {
    on_failure { destination_arn = aws_sqs_queue.dead.arn }
  }
  filter_criteria {
    filter { pattern = jsonencode({ data = { a = ["b"] } }) }
  }
}
resource "aws_lambda_event_source_mapping" "table" {
  event_source_arn           = aws_dynamodb_table.t.stream_arn
  function_name              = aws_lambda_function.f.arn
  starting_position          = "LATEST"
  tumbling_window_in_seconds = 30
}
