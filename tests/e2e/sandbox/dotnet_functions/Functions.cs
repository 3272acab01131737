// What the tests' functions do: one assembly, which is a program as well.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using Amazon.Lambda.Core;

[assembly: LambdaSerializer(typeof(Tried.Serialization.JsonOfTests))]

namespace Demo
{
    public static class Program
    {
        /// A runtime of its own, as Amazon.Lambda.RuntimeSupport is one: it answers with the event.
        public static void Main()
        {
            var api = Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API");
            var client = new System.Net.Http.HttpClient();
            var runtime = "http://" + api + "/2018-06-01/runtime/invocation/";
            while (true)
            {
                var next = client.GetAsync(runtime + "next").Result;
                var id = string.Join("", next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id"));
                client.PostAsync(runtime + id + "/response", next.Content).Wait();
            }
        }
    }

    public class Line { public string Name { get; set; } public double Price { get; set; } }

    public class Order { public long Number { get; set; } public List<Line> Lines { get; set; } }

    public class Above { public string Inherited(string text) { return text + text; } }

    public class Forms : Above
    {
        static int count;

        public Order Typed(Order order, ILambdaContext context)
        {
            foreach (var line in order.Lines) order.Number += (long)(line.Price * 2);
            return order;
        }

        public int Count() { return ++count; }

        public static async Task<string> Later(string text) { await Task.Delay(1); return text + "!"; }

        public async Task Nothing(int number) { await Task.Yield(); Console.WriteLine(number + 1); }

        public Stream Streams(Stream input, ILambdaContext context)
        {
            var output = new MemoryStream();
            output.Write(new byte[] {114, 97, 119, 32}, 0, 4);
            input.CopyTo(output);
            output.Position = 0;
            return output;
        }

        public string Over(string text) { return text; }

        public string Over(int number) { return "number"; }

        public string Many(string one, ILambdaContext two, string three) { return one; }

        public string Second(string one, string two) { return one; }

        public T Generic<T>(T one) { return one; }

        public async void Void(string one) { await Task.Yield(); }
    }

    public abstract class Abstract { public string Run(string text) { return text; } }

    public class Broken
    {
        public Broken() { throw new InvalidOperationException("no"); }

        public string Run(string text) { return text; }
    }

    public class Contexts
    {
        public object Run(object input, ILambdaContext c)
        {
            var client = c.ClientContext;
            return new object[] {
                c.AwsRequestId, c.FunctionName, c.FunctionVersion, c.MemoryLimitInMB,
                c.InvokedFunctionArn, c.LogGroupName, client.Custom, client.Client.AppTitle,
                Environment.GetEnvironmentVariable("_X_AMZN_TRACE_ID"), c.Identity,
                c.RemainingTime > TimeSpan.Zero, c.NotYetKnown
            };
        }
    }

    public class Failing
    {
        public string Run(string input) { throw new ArgumentException("of mine", new IOException("below")); }

        public async Task<string> Later(string input)
        {
            await Task.Yield();
            throw new AggregateException(new IOException("one"), new IOException("two"));
        }
    }

    public class Logs
    {
        public void Run(string input, ILambdaContext context)
        {
            context.Logger.LogLine("two\nlines");
            context.Logger.Log("Warning", "careful");
            context.Logger.LogDebug("unseen");
            context.Logger.LogInformation("bought {count} of {name:upper}", 3, "x");
            context.Logger.LogError(new IOException("gone"), "it failed");
            LambdaLogger.Log("of the library");
            Console.Error.WriteLine("to {0}", "the error");
            Console.Write("half ");
            Console.WriteLine(1.5);
        }
    }

    public class Hooks
    {
        static readonly List<string> seen = new List<string>();

        public Hooks()
        {
            foreach (var name in new[] {"first", "second"})
            {
                SnapshotRestore.RegisterBeforeSnapshot(Hook("before " + name));
                SnapshotRestore.RegisterAfterRestore(Hook("after " + name));
            }
        }

        static Func<ValueTask> Hook(string name)
        {
            return () =>
            {
                seen.Add(name);
                if (name == Environment.GetEnvironmentVariable("FAILS")) throw new IOException(name);
                return new ValueTask();
            };
        }

        public List<string> Run() { return seen; }
    }
}
