terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
variable "endpoint" { type = string }

variable "suffix" { default = "" }
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  s3_use_path_style           = true
  endpoints {
    s3        = var.endpoint
    sns       = var.endpoint
    sqs       = var.endpoint
    events    = var.endpoint
    scheduler = var.endpoint
    pipes     = var.endpoint
    kinesis   = var.endpoint
    lambda    = var.endpoint
    dynamodb  = var.endpoint
    schemas   = var.endpoint
    iam       = var.endpoint
    sts       = var.endpoint
    logs      = var.endpoint
  }
  default_tags { tags = { team = "messages" } }
}
resource "aws_sqs_queue" "q" {
  name                       = "q"
  visibility_timeout_seconds = 45
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 4 })
}
resource "aws_sqs_queue" "dead" { name = "dead" }
resource "aws_sqs_queue" "target" { name = "target" }
resource "aws_sqs_queue" "fifo" {
  name                        = "f.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}
resource "aws_sns_topic" "t" {
  name         = "t"
  display_name = "T${var.suffix}"
  tags         = { a = "b" }
}
resource "aws_sns_topic" "fifo" {
  name                        = "t.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
}
resource "aws_sns_topic_policy" "t" {
  arn    = aws_sns_topic.t.arn
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "x", Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sns:Publish", Resource = aws_sns_topic.t.arn }] })
}
resource "aws_sns_topic_subscription" "s" {
  topic_arn            = aws_sns_topic.t.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.q.arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ kind = ["a${var.suffix}"] })
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}
resource "aws_sns_platform_application" "p" {
  name                = "app"
  platform            = "GCM"
  platform_credential = "secret"
}
resource "aws_sns_sms_preferences" "s" { default_sms_type = "Transactional" }
resource "aws_cloudwatch_event_bus" "b" {
  name        = "bus"
  description = "d${var.suffix}"
}
resource "aws_cloudwatch_event_bus_policy" "b" {
  event_bus_name = aws_cloudwatch_event_bus.b.name
  policy         = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "x", Effect = "Allow", Principal = { AWS = "123456789012" }, Action = "events:PutEvents", Resource = aws_cloudwatch_event_bus.b.arn }] })
}
resource "aws_cloudwatch_event_permission" "p" {
  principal    = "123456789012"
  statement_id = "other"
}
resource "aws_cloudwatch_event_rule" "r" {
  name           = "r"
  event_bus_name = aws_cloudwatch_event_bus.b.name
  description    = "d${var.suffix}"
  event_pattern  = jsonencode({ source = ["shop"], detail = { price = [{ numeric = [">", 3] }] } })
  tags           = { a = "b" }
}
resource "aws_cloudwatch_event_rule" "every" {
  name                = "every"
  schedule_expression = "rate(5 minutes)"
}
resource "aws_cloudwatch_event_target" "t" {
  rule           = aws_cloudwatch_event_rule.r.name
  event_bus_name = aws_cloudwatch_event_bus.b.name
  target_id      = "q"
  arn            = aws_sqs_queue.q.arn
  input_transformer {
    input_paths    = { p = "$.detail.price" }
    input_template = "\"costs <p>\""
  }
  retry_policy {
    maximum_event_age_in_seconds = 600
    maximum_retry_attempts       = 3
  }
  dead_letter_config { arn = aws_sqs_queue.dead.arn }
}
resource "aws_cloudwatch_event_archive" "a" {
  name             = "a"
  event_source_arn = aws_cloudwatch_event_bus.b.arn
  retention_days   = 7
}
resource "aws_cloudwatch_event_connection" "c" {
  name               = "c"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-key"
      value = "v"
    }
  }
}
resource "aws_cloudwatch_event_api_destination" "d" {
  name                = "d"
  invocation_endpoint = "http://127.0.0.1:9/x"
  http_method         = "POST"
  connection_arn      = aws_cloudwatch_event_connection.c.arn
}
resource "aws_iam_role" "r" {
  name               = "router"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["scheduler.amazonaws.com", "pipes.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
resource "aws_scheduler_schedule_group" "g" { name = "g" }
resource "aws_scheduler_schedule" "s" {
  name                         = "s"
  group_name                   = aws_scheduler_schedule_group.g.name
  schedule_expression          = "cron(0 9 * * ? *)"
  schedule_expression_timezone = "Europe/Lisbon"
  description                  = "d${var.suffix}"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 5
  }
  target {
    arn      = aws_sqs_queue.q.arn
    role_arn = aws_iam_role.r.arn
    input    = "hello"
    dead_letter_config { arn = aws_sqs_queue.dead.arn }
    retry_policy { maximum_retry_attempts = 5 }
  }
}
resource "aws_pipes_pipe" "p" {
  name        = "p"
  description = "d${var.suffix}"
  role_arn    = aws_iam_role.r.arn
  source      = aws_sqs_queue.q.arn
  target      = aws_sqs_queue.target.arn
  source_parameters {
    filter_criteria {
      filter { pattern = jsonencode({ body = { a = ["b"] } }) }
    }
    sqs_queue_parameters { batch_size = 5 }
  }
  target_parameters { input_template = "{\"b\": <$.body>}" }
}
resource "aws_kinesis_stream" "s" {
  name        = "s"
  shard_count = 1
}
resource "aws_dynamodb_table" "t" {
  name             = "table"
  hash_key         = "id"
  billing_mode     = "PAY_PER_REQUEST"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_pipes_pipe" "stream" {
  name     = "stream"
  role_arn = aws_iam_role.r.arn
  source   = aws_kinesis_stream.s.arn
  target   = aws_kinesis_stream.s.arn
  source_parameters {
    kinesis_stream_parameters {
      starting_position             = "LATEST"
      maximum_retry_attempts        = 3
      on_partial_batch_item_failure = "AUTOMATIC_BISECT"
      dead_letter_config { arn = aws_sqs_queue.dead.arn }
    }
  }
  target_parameters {
    kinesis_stream_parameters { partition_key = "k${var.suffix}" }
  }
}
resource "aws_pipes_pipe" "table" {
  name        = "table"
  description = "d${var.suffix}"
  role_arn    = aws_iam_role.r.arn
  source      = aws_dynamodb_table.t.stream_arn
  target      = aws_sqs_queue.target.arn
  source_parameters {
    dynamodb_stream_parameters {
      starting_position = "TRIM_HORIZON"
      batch_size        = 1
    }
  }
}
resource "aws_schemas_registry" "r" {
  name        = "shop"
  description = "d${var.suffix}"
}
resource "aws_schemas_schema" "s" {
  name          = "order"
  registry_name = aws_schemas_registry.r.name
  type          = "OpenApi3"
  description   = "d"
  content       = jsonencode({ openapi = "3.0.0", info = { version = "1.0.0", title = "E${var.suffix}" }, paths = {}, components = { schemas = { E = { type = "object", properties = { a = { type = "string" } } } } } })
}
resource "aws_schemas_registry_policy" "p" {
  registry_name = aws_schemas_registry.r.name
  policy        = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "x", Effect = "Allow", Principal = { AWS = "123456789012" }, Action = "schemas:DescribeRegistry", Resource = aws_schemas_registry.r.arn }] })
}
resource "aws_schemas_discoverer" "d" { source_arn = aws_cloudwatch_event_bus.b.arn }
