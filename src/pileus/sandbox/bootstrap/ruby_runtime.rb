# frozen_string_literal: true

# The life of a Ruby runtime: INIT, then one invocation after another.

require "json"
require "logger"
require "socket"
require "time"

module PileusRuntime
  PATH = "/2018-06-01/runtime"
  # The host's mark of a record that may span lines, then the record's length.
  FRAME = [0xa5, 0x5a, 0x00, 0x03].pack("C*")
  OWN_FILE = __FILE__
  LEVELS = { "TRACE" => 0, "DEBUG" => 0, "INFO" => 1, "WARN" => 2, "ERROR" => 3, "FATAL" => 4 }.freeze

  class << self
    attr_accessor :request_id
  end

  # Shows `Time` and the real-time clock as the platform has them; measured time stays real.
  module Clock
    PAGE = ENV.fetch("PILEUS_CLOCK_PAGE", "/var/runtime/.clock")
    MARK = "PILEUSC1"
    CLOCK_PLACE = 8

    class << self
      def install
        return unless File.file?(PAGE)

        @page = File.open(PAGE, "rb")
        return unless @page.pread(MARK.bytesize, 0) == MARK

        Time.singleton_class.prepend(Now)
        Process.singleton_class.prepend(Gettime)
      end

      # What the platform's clock shows when the machine's shows `real_ns`.
      def shifted_ns(real_ns)
        word = @page.pread(8, CLOCK_PLACE).unpack1("q<")
        word.odd? ? word >> 1 : real_ns + (word >> 1)
      end
    end

    module Now
      def now(**options)
        seconds, rest = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond).divmod(10**9)
        at(seconds, rest, :nsec, **options)
      end

      def new(*parts, **options)
        parts.empty? ? now(**options) : super
      end
    end

    module Gettime
      UNITS = { nanosecond: 1, microsecond: 1_000, millisecond: 1_000_000, second: 10**9 }.freeze

      def clock_gettime(clock, unit = :float_second)
        return super unless clock == Process::CLOCK_REALTIME

        shown = Clock.shifted_ns(super(clock, :nanosecond))
        name = unit.to_s
        return shown / UNITS.fetch(unit) unless name.start_with?("float_")

        shown.fdiv(UNITS.fetch(name.delete_prefix("float_").to_sym))
      end
    end
  end

  # The runtime's end of the Runtime API: HTTP/1.1 on one connection, kept open.
  class Client
    def initialize(address)
      @address = address
      host, port = address.split(":")
      @socket = TCPSocket.new(host, Integer(port))
      @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    end

    def next
      @socket.write("GET #{PATH}/invocation/next HTTP/1.1\r\nHost: #{@address}\r\n\r\n")
      read
    end

    def respond(request_id, body)
      post("/invocation/#{request_id}/response", body, "")
    end

    def fail(request_id, document, last: false)
      post("/invocation/#{request_id}/error", JSON.generate(document), head(document, last))
    end

    def fail_init(document)
      post("/init/error", JSON.generate(document), head(document, false))
    end

    private

    def head(document, last)
      type = document[:errorType].gsub(/[\r\n]/, " ")
      "Lambda-Runtime-Function-Error-Type: #{type}\r\n#{"Pileus-Last: 1\r\n" if last}"
    end

    def post(path, body, headers)
      @socket.write("POST #{PATH}#{path} HTTP/1.1\r\nHost: #{@address}\r\n#{headers}" \
                    "Content-Length: #{body.bytesize}\r\n\r\n".b + body.b)
      read
    end

    def read
      line
      headers = {}
      until (header = line).empty?
        name, value = header.split(":", 2)
        headers[name.downcase] = value.strip
      end
      [headers, @socket.read(Integer(headers.fetch("content-length", "0")))]
    end

    def line
      text = @socket.gets("\r\n")
      exit!(0) if text.nil?
      text.chomp("\r\n").force_encoding(Encoding::UTF_8)
    end
  end

  # AWS's members: docs ruby-context.
  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :deadline_ms, :client_context, :identity,
                :tenant_id

    def initialize(headers)
      @aws_request_id = headers["lambda-runtime-aws-request-id"]
      @invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
      @deadline_ms = Integer(headers["lambda-runtime-deadline-ms"])
      @tenant_id = headers["lambda-runtime-aws-tenant-id"]
      @client_context = parsed(headers["lambda-runtime-client-context"])
      @identity = parsed(headers["lambda-runtime-cognito-identity"])
    end

    def get_remaining_time_in_millis
      [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
    end

    def function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
    def function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
    def memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    def log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
    def log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]

    private

    def parsed(text) = text && JSON.parse(text)
  end

  # Whole records on standard output, as text or as JSON.
  module Log
    module_function

    def json? = ENV["AWS_LAMBDA_LOG_FORMAT"] == "JSON"

    def write(text)
      $stdout.flush
      body = text.b
      $stdout.syswrite(FRAME + [body.bytesize].pack("N") + body)
    end

    def failure(document)
      if json?
        now = Time.now.utc.strftime("%Y-%m-%dT%H:%M:%S.%LZ")
        write(JSON.generate({ timestamp: now, level: "ERROR", requestId: PileusRuntime.request_id,
                              **document }))
      else
        what = if PileusRuntime.request_id
                 "Error raised from handler method"
               else
                 "Init error when loading handler #{ENV["_HANDLER"]}"
               end
        write("#{what}\n#{JSON.pretty_generate(document)}")
      end
    end

    # Loggers to standard output, as AWS changes them: whole records, with the request's id.
    module Patch
      def initialize(device, *arguments, **options)
        if [$stdout, $stderr, STDOUT, STDERR].include?(device)
          device = Device.new
          level = LEVELS[ENV["AWS_LAMBDA_LOG_LEVEL"]]
          options[:level] = level if level && !options.key?(:level)
          options[:formatter] ||= Log.method(:format)
        end
        super(device, *arguments, **options)
      end
    end

    class Device
      def write(text) = Log.write(text.chomp)
      def close; end
    end

    def format(severity, time, program, message)
      text = message.is_a?(String) ? message : message.inspect
      stamp = time.utc.strftime("%Y-%m-%dT%H:%M:%S.%L")
      id = PileusRuntime.request_id
      unless json?
        return "#{severity[0]}, [#{stamp} ##{id || Process.pid}] #{severity.rjust(5)} -- " \
               "#{program}: #{text}"
      end

      JSON.generate({ timestamp: "#{stamp}Z", level: severity, message: text, requestId: id }.compact)
    end
  end

  module_function

  def describe(error, phase)
    frames = (error.backtrace || []).reject { |frame| frame.start_with?("#{OWN_FILE}:") }
    { errorMessage: error.message, errorType: "#{phase}<#{error.class.name}>", stackTrace: frames }
  end

  # `file.method` or `file.Class.method` below the package, as a method to call.
  def resolve(name)
    file, *place, method = name.to_s.split(".")
    unless file && method && place.size <= 1
      raise ArgumentError, "Invalid handler #{name}, must be of form FILENAME.METHOD or " \
                           "FILENAME.CLASS.METHOD where FILENAME corresponds with an existing " \
                           "Ruby source file FILENAME.rb, CLASS is an optional module/class " \
                           "namespace and METHOD is a callable method."
    end
    require File.join(ENV.fetch("LAMBDA_TASK_ROOT"), file)
    owner = place.empty? ? TOPLEVEL_BINDING.receiver : Kernel.const_get(place.first)
    owner.method(method)
  end

  def serve
    $stdout.sync = $stderr.sync = true
    Clock.install
    Logger.prepend(Log::Patch)
    $LOAD_PATH.unshift(ENV.fetch("LAMBDA_TASK_ROOT"))
    client = Client.new(ENV.fetch("AWS_LAMBDA_RUNTIME_API"))
    handler = load_handler(client)
    loop { invoke(client, handler, *client.next) }
  end

  def load_handler(client)
    resolve(ENV["_HANDLER"])
  rescue StandardError, ScriptError => error
    document = describe(error, "Init")
    Log.failure(document)
    client.fail_init(document)
    exit!(1)
  end

  def invoke(client, handler, headers, body)
    PileusRuntime.request_id = headers["lambda-runtime-aws-request-id"]
    ENV["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    event = JSON.parse(body, max_nesting: false)
    result = handler.call(event: event, context: Context.new(headers))
    client.respond(request_id, marshal(result))
  rescue NoMemoryError, SystemExit, Interrupt => error
    client.fail(request_id, describe(error, "Function"), last: true)
    exit!(1)
  rescue Exception => error # rubocop:disable Lint/RescueException
    document = describe(error, "Function")
    Log.failure(document)
    client.fail(request_id, document)
  end

  # What is no JSON value itself goes out as the JSON that its `to_json` makes; files as they are.
  def marshal(value)
    return value.read.to_s if value.is_a?(IO) || (defined?(StringIO) && value.is_a?(StringIO))

    JSON.generate(value, max_nesting: 0)
  end
end

$PROGRAM_NAME = "/var/runtime/bootstrap.rb"
PileusRuntime.serve
