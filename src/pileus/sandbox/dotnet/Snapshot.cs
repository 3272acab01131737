using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

namespace Pileus.Runtime
{
    /// <summary>SnapStart: what is registered with the library's `SnapshotRestore` runs before and after.</summary>
    internal static class Snapshot
    {
        /// <summary>How AWS's runtime ends where a hook has failed.</summary>
        internal const int Failed = 64;

        internal static bool IsWanted =>
            Environment.GetEnvironmentVariable("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start";

        /// <summary>Let a snapshot be taken here, and go on when it is restored; false where a hook failed.</summary>
        internal static bool Pass(RuntimeClient client, Func<Exception, Failure> report)
        {
            try
            {
                // The last that was registered is called first.
                Call(Registered("CopyBeforeSnapshotCallbacksToRegistry").Reverse());
            }
            catch (Exception error)
            {
                client.FailInit(report(error).Document, "Runtime.BeforeCheckpointError");
                return false;
            }
            client.RestoreNext();
            try
            {
                Call(Registered("CopyAfterRestoreCallbacksToRegistry"));
            }
            catch (Exception error)
            {
                client.FailRestore(report(error).Document, "Runtime.AfterRestoreError");
                return false;
            }
            return true;
        }

        private static IEnumerable<Func<ValueTask>> Registered(string copy)
        {
            var found = new List<Func<ValueTask>>();
            Assembly library = AppDomain.CurrentDomain.GetAssemblies()
                .FirstOrDefault(each => each.GetName().Name == "Amazon.Lambda.Core");
            MethodInfo method = library?.GetType("Amazon.Lambda.Core.SnapshotRestore")
                ?.GetMethod(copy, BindingFlags.NonPublic | BindingFlags.Static);
            method?.Invoke(null, new object[] {(Action<Func<ValueTask>>)found.Add});
            return found;
        }

        private static void Call(IEnumerable<Func<ValueTask>> hooks)
        {
            foreach (Func<ValueTask> hook in hooks) hook().AsTask().GetAwaiter().GetResult();
        }
    }
}
