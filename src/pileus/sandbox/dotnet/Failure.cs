using System;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Pileus.Runtime
{
    /// <summary>What went wrong, in the form of AWS's error documents for .NET.</summary>
    internal sealed class Failure
    {
        private const int CausesMax = 50;
        private const int DocumentBytesMax = 256 * 1024;

        internal readonly string ErrorType;
        internal readonly byte[] Document;

        internal Failure(Exception error)
        {
            ErrorType = error.GetType().Name;
            Document = Json.Bytes(writer => Describe(writer, error, 0));
            if (Document.Length <= DocumentBytesMax) return;
            Document = Json.Bytes(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("errorMessage", "Exception exceeded maximum payload size of 256KB.");
                writer.WriteEndObject();
            });
        }

        private static void Describe(Utf8JsonWriter writer, Exception error, int depth)
        {
            writer.WriteStartObject();
            writer.WriteString("errorType", error.GetType().Name);
            writer.WriteString("errorMessage", error.Message);
            string[] frames = Frames(error);
            if (frames.Length > 0)
            {
                writer.WriteStartArray("stackTrace");
                foreach (string frame in frames) writer.WriteStringValue(frame);
                writer.WriteEndArray();
            }
            if (error.InnerException != null && depth < CausesMax)
            {
                writer.WritePropertyName("cause");
                Describe(writer, error.InnerException, depth + 1);
            }
            if (error is AggregateException several && depth < CausesMax)
            {
                writer.WriteStartArray("causes");
                foreach (Exception each in several.InnerExceptions) Describe(writer, each, depth + 1);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }

        /// <summary>Without the frames by which we called the handler.</summary>
        private static string[] Frames(Exception error)
        {
            return (error.StackTrace ?? "").Split('\n').Select(line => line.Trim())
                .Where(line => line != "" && !IsOurs(line)).ToArray();
        }

        private static bool IsOurs(string frame) =>
            frame.StartsWith("at Pileus.Runtime.", StringComparison.Ordinal)
            || frame.StartsWith("at System.Reflection.", StringComparison.Ordinal)
            || frame.StartsWith("at System.RuntimeMethodHandle.", StringComparison.Ordinal)
            || frame.StartsWith("at InvokeStub_", StringComparison.Ordinal);
    }

    internal static class Json
    {
        internal static byte[] Bytes(Action<Utf8JsonWriter> write)
        {
            var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream)) write(writer);
            return stream.ToArray();
        }
    }
}
