using System;
using System.IO;

namespace Pileus.Runtime
{
    /// <summary>The life of a .NET runtime: INIT, then one invocation after another.</summary>
    internal static class Program
    {
        private static readonly LogWriter Log = new LogWriter();

        private static int Main()
        {
            Console.SetOut(new ConsoleWriter(Log, "Information"));
            Console.SetError(new ConsoleWriter(Log, "Error"));
            var client = new RuntimeClient(Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API"));
            Handler handler;
            try
            {
                Log.TakeMessagesOfTheLibrary();
                handler = new Handler(Environment.GetEnvironmentVariable("_HANDLER"));
            }
            catch (Exception error)
            {
                Failure failure = Report(error);
                client.FailInit(failure.Document, failure.ErrorType);
                return 1;
            }
            try
            {
                if (Snapshot.IsWanted && !Snapshot.Pass(client, Report)) return Snapshot.Failed;
                Serve(client, handler);
            }
            catch (EndOfStreamException)
            {
                return 0;
            }
            return 1;
        }

        private static void Serve(RuntimeClient client, Handler handler)
        {
            var contexts = new Contexts(handler.ContextType, handler.Serializer, Log);
            while (true)
            {
                Invocation invocation = client.Next();
                Log.RequestId = invocation.RequestId;
                Environment.SetEnvironmentVariable("_X_AMZN_TRACE_ID", invocation.Header("lambda-runtime-trace-id"));
                byte[] answer;
                try
                {
                    answer = handler.Call(invocation.Event, contexts.Make(invocation));
                }
                catch (Exception error)
                {
                    Failure failure = Report(error);
                    client.Fail(invocation.RequestId, failure.Document, failure.ErrorType);
                    continue;
                }
                client.Respond(invocation.RequestId, answer);
            }
        }

        private static Failure Report(Exception error)
        {
            Log.Write("Error", null, new object[0], error);
            return new Failure(error);
        }
    }
}
