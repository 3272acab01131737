using System;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Pileus.Runtime
{
    /// <summary>Writes whole records, which may span lines, to the log.</summary>
    internal sealed class LogWriter
    {
        private const string Library = "Amazon.Lambda.Core";

        // The host's mark of a record, then the record's length.
        private static readonly byte[] Frame = {0xa5, 0x5a, 0x00, 0x03};
        private static readonly string[] Levels = {"Trace", "Debug", "Information", "Warning", "Error", "Critical"};
        private static readonly string[] Labels = {"trce", "dbug", "info", "warn", "fail", "crit"};
        private static readonly string[] Platforms = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};

        private readonly Stream output = Console.OpenStandardOutput();
        private readonly bool isJson = Variable("AWS_LAMBDA_LOG_FORMAT") == "JSON";
        private readonly bool isPlain =
            string.Equals(Variable("AWS_LAMBDA_HANDLER_LOG_FORMAT"), "Unformatted", StringComparison.OrdinalIgnoreCase);
        private readonly int least;

        internal string RequestId = "";

        internal LogWriter()
        {
            least = Array.IndexOf(Platforms, Variable("AWS_LAMBDA_LOG_LEVEL"));
            if (least < 0) least = Weight(Variable("AWS_LAMBDA_HANDLER_LOG_LEVEL") ?? "");
            if (least < 0) least = isJson ? 0 : Weight("Information");
        }

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name);

        private static int Weight(string level) =>
            Array.FindIndex(Levels, each => each.Equals(level, StringComparison.OrdinalIgnoreCase));

        /// <summary>What `LambdaLogger.Log` of the library gets comes here, once the library is loaded.</summary>
        internal void TakeMessagesOfTheLibrary()
        {
            AppDomain.CurrentDomain.AssemblyLoad += (sender, loaded) =>
            {
                if (loaded.LoadedAssembly.GetName().Name != Library) return;
                Type logger = loaded.LoadedAssembly.GetType($"{Library}.LambdaLogger");
                const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Static;
                SetAction(logger?.GetField("_loggingAction", Hidden), (Action<string>)Say);
                SetAction(logger?.GetField("_loggingWithLevelAction", Hidden), (Action<string, string, object[]>)Say);
                SetAction(
                    logger?.GetField("_loggingWithLevelAndExceptionAction", Hidden),
                    (Action<string, Exception, string, object[]>)Say);
            };
        }

        private static void SetAction(FieldInfo field, Delegate action)
        {
            if (field != null && field.FieldType.IsInstanceOfType(action)) field.SetValue(null, action);
        }

        private void Say(string message) => Write("", message, new object[0], null);

        private void Say(string level, string message, object[] values) => Write(level, message, values, null);

        private void Say(string level, Exception error, string message, object[] values) =>
            Write(level, message, values, error);

        /// <summary>`level` is empty where the function named none.</summary>
        internal void Write(string level, string message, object[] values, Exception error)
        {
            int weight = Weight(level);
            if (weight >= 0 && weight < least) return;
            var template = new Template(message ?? "", values ?? new object[0]);
            Write(isJson ? Document(weight, template, error) : Text(level, weight, template, error));
        }

        private string Now => DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

        private byte[] Text(string level, int weight, Template template, Exception error)
        {
            string text = template.Text;
            if (error != null) text = text == "" ? error.ToString() : $"{text}\n{error}";
            if (isPlain) return Encoding.UTF8.GetBytes(text);
            string label = weight >= 0 ? Labels[weight] : level;
            string head = label == "" ? "" : $"{label}\t";
            return Encoding.UTF8.GetBytes($"{Now}\t{RequestId}\t{head}{text}");
        }

        private byte[] Document(int weight, Template template, Exception error)
        {
            return Json.Bytes(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("timestamp", Now);
                writer.WriteString("level", weight >= 0 ? Levels[weight] : "Information");
                if (RequestId != "") writer.WriteString("requestId", RequestId);
                string trace = Variable("_X_AMZN_TRACE_ID");
                if (!string.IsNullOrEmpty(trace)) writer.WriteString("traceId", trace);
                writer.WriteString("message", template.Text);
                template.WriteMembers(writer);
                if (error != null)
                {
                    writer.WriteString("errorType", error.GetType().FullName);
                    writer.WriteString("errorMessage", error.Message);
                    writer.WriteStartArray("stackTrace");
                    foreach (string line in error.ToString().Split('\n')) writer.WriteStringValue(line.Trim());
                    writer.WriteEndArray();
                }
                writer.WriteEndObject();
            });
        }

        private void Write(byte[] record)
        {
            var whole = new byte[Frame.Length + 4 + record.Length];
            Frame.CopyTo(whole, 0);
            for (int place = 0; place < 4; place++) whole[Frame.Length + place] = (byte)(record.Length >> (24 - 8 * place));
            record.CopyTo(whole, Frame.Length + 4);
            WriteRaw(whole);
        }

        /// <summary>Bytes as they are: what a function writes without ending a line.</summary>
        internal void WriteRaw(byte[] bytes)
        {
            lock (output)
            {
                output.Write(bytes, 0, bytes.Length);
                output.Flush();
            }
        }
    }
}
