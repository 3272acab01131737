// The part of Amazon.Lambda.Core, and of a serializer, that functions of the tests use. The real
// ones come from NuGet, which no test reaches; names and shapes are theirs. It also has a function
// for the tests of what an assembly without [assembly: LambdaSerializer] can do.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;

namespace Amazon.Lambda.Core
{
    public interface IClientApplication { string AppTitle { get; } string InstallationId { get; } }

    public interface IClientContext
    {
        IDictionary<string, string> Environment { get; }
        IClientApplication Client { get; }
        IDictionary<string, string> Custom { get; }
    }

    public interface ICognitoIdentity { string IdentityId { get; } string IdentityPoolId { get; } }

    public interface ILambdaLogger
    {
        void Log(string message);
        void LogLine(string message);
        void Log(string level, string message) { LogLine(message); }
        void LogDebug(string message) { LogLine(message); }
        void LogInformation(string message, params object[] values) { LogLine(message); }
        void LogError(Exception exception, string message, params object[] values) { LogLine(message); }
    }

    public interface ILambdaContext
    {
        string AwsRequestId { get; }
        IClientContext ClientContext { get; }
        string FunctionName { get; }
        string FunctionVersion { get; }
        ICognitoIdentity Identity { get; }
        string InvokedFunctionArn { get; }
        ILambdaLogger Logger { get; }
        string LogGroupName { get; }
        string LogStreamName { get; }
        int MemoryLimitInMB { get; }
        TimeSpan RemainingTime { get; }
        string NotYetKnown { get { return "its own"; } }
    }

    public interface ILambdaSerializer
    {
        T Deserialize<T>(Stream requestStream);
        void Serialize<T>(T response, Stream responseStream);
    }

    [AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Method)]
    public sealed class LambdaSerializerAttribute : Attribute
    {
        public Type SerializerType { get; set; }
        public LambdaSerializerAttribute(Type serializerType) { SerializerType = serializerType; }
    }

    public static class LambdaLogger
    {
        private static Action<string> _loggingAction = Console.WriteLine;
        public static void Log(string message) { _loggingAction(message); }
    }

    public static class SnapshotRestore
    {
        private static readonly ConcurrentQueue<Func<ValueTask>> Before = new ConcurrentQueue<Func<ValueTask>>();
        private static readonly ConcurrentQueue<Func<ValueTask>> After = new ConcurrentQueue<Func<ValueTask>>();

        internal static void CopyBeforeSnapshotCallbacksToRegistry(Action<Func<ValueTask>> take)
        {
            while (Before.TryDequeue(out var hook)) take(hook);
        }

        internal static void CopyAfterRestoreCallbacksToRegistry(Action<Func<ValueTask>> take)
        {
            while (After.TryDequeue(out var hook)) take(hook);
        }

        public static void RegisterBeforeSnapshot(Func<ValueTask> hook) { Before.Enqueue(hook); }
        public static void RegisterAfterRestore(Func<ValueTask> hook) { After.Enqueue(hook); }
    }
}

namespace Tried.Serialization
{
    public class JsonOfTests : Amazon.Lambda.Core.ILambdaSerializer
    {
        private static readonly JsonSerializerOptions Options =
            new JsonSerializerOptions { PropertyNameCaseInsensitive = true };

        public T Deserialize<T>(Stream stream)
        {
            return JsonSerializer.Deserialize<T>(new StreamReader(stream).ReadToEnd(), Options);
        }

        public void Serialize<T>(T value, Stream stream)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(value, Options);
            stream.Write(bytes, 0, bytes.Length);
        }
    }
}

public class Plain
{
    public Stream Same(Stream input) { return input; }

    public int Length(string text) { return text.Length; }

    [Amazon.Lambda.Core.LambdaSerializer(typeof(Tried.Serialization.JsonOfTests))]
    public int Own(string text) { return text.Length; }
}
