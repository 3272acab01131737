using System;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Pileus.Runtime
{
    /// <summary>
    /// The object that a handler gets beside its event. Its interface is the one that the package
    /// brings, whichever version that is, and is therefore met at run time.
    /// </summary>
    internal sealed class Contexts
    {
        internal const string Interface = "Amazon.Lambda.Core.ILambdaContext";

        private readonly Type type;
        private readonly Serializer serializer;
        private readonly LogWriter log;

        internal Contexts(Type type, Serializer serializer, LogWriter log)
        {
            this.type = type;
            this.serializer = serializer;
            this.log = log;
        }

        internal object Make(Invocation invocation)
        {
            if (type == null) return null;
            string deadline = invocation.Header("lambda-runtime-deadline-ms") ?? "0";
            var ends = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(deadline, CultureInfo.InvariantCulture));
            return Proxy.Of(type, (method, arguments) =>
            {
                switch (method.Name)
                {
                    case "get_AwsRequestId": return invocation.RequestId;
                    case "get_FunctionName": return Variable("AWS_LAMBDA_FUNCTION_NAME");
                    case "get_FunctionVersion": return Variable("AWS_LAMBDA_FUNCTION_VERSION");
                    case "get_InvokedFunctionArn": return invocation.Header("lambda-runtime-invoked-function-arn");
                    case "get_LogGroupName": return Variable("AWS_LAMBDA_LOG_GROUP_NAME");
                    case "get_LogStreamName": return Variable("AWS_LAMBDA_LOG_STREAM_NAME");
                    case "get_MemoryLimitInMB": return int.Parse(Variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
                    case "get_TenantId": return invocation.Header("lambda-runtime-aws-tenant-id");
                    case "get_TraceId": return invocation.Header("lambda-runtime-trace-id");
                    case "get_Serializer": return serializer?.Own;
                    case "get_RemainingTime": return ends - DateTimeOffset.UtcNow;
                    case "get_Logger": return Proxy.Of(method.ReturnType, CallLogger);
                    case "get_ClientContext":
                        return View(invocation.Header("lambda-runtime-client-context"), method.ReturnType);
                    case "get_Identity":
                        return View(invocation.Header("lambda-runtime-cognito-identity"), method.ReturnType);
                    default: return Nothing(method.ReturnType);
                }
            });
        }

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name);

        private static object Nothing(Type type) =>
            type.IsValueType && type != typeof(void) ? Activator.CreateInstance(type) : null;

        /// <summary>`Log`, `LogLine` and `LogInformation` with its kin: the level is named or an argument.</summary>
        private object CallLogger(MethodInfo method, object[] arguments)
        {
            string level = method.Name.Substring("Log".Length);
            var texts = new List<string>();
            Exception error = null;
            var values = new object[0];
            foreach (object argument in arguments)
            {
                if (argument is Exception told) error = told;
                else if (argument is object[] several) values = several;
                else if (argument is Enum) level = argument.ToString();
                else texts.Add((string)argument);
            }
            if (level == "Line") level = "";
            // Log(level, message): the texts stand in this order.
            if (level == "" && texts.Count > 1) level = texts[0];
            log.Write(level, texts.Count > 0 ? texts[texts.Count - 1] : null, values, error);
            return null;
        }

        /// <summary>An interface over a JSON document: `AppTitle` is `app_title`, `IdentityId` `cognitoIdentityId`.</summary>
        private static object View(string json, Type type)
        {
            return string.IsNullOrEmpty(json) ? null : View(JsonDocument.Parse(json).RootElement, type);
        }

        private static object View(JsonElement document, Type type)
        {
            if (document.ValueKind != JsonValueKind.Object) return null;
            return Proxy.Of(type, (method, arguments) =>
            {
                string name = method.Name.Substring("get_".Length);
                if (!TryFind(document, name == "Environment" ? "Env" : name, out JsonElement found)) return null;
                if (method.ReturnType == typeof(string)) return found.ToString();
                if (!method.ReturnType.IsGenericType) return View(found, method.ReturnType);
                var texts = new Dictionary<string, string>();
                if (found.ValueKind != JsonValueKind.Object) return texts;
                foreach (JsonProperty each in found.EnumerateObject()) texts[each.Name] = each.Value.ToString();
                return texts;
            });
        }

        private static bool TryFind(JsonElement document, string name, out JsonElement found)
        {
            foreach (JsonProperty each in document.EnumerateObject())
            {
                string plain = each.Name.Replace("_", "");
                found = each.Value;
                if (plain.Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
                if (plain.Equals("cognito" + name, StringComparison.OrdinalIgnoreCase)) return true;
            }
            found = default;
            return false;
        }
    }

    /// <summary>Whatever interface a function's libraries know, with a behaviour of ours. Public, since it is derived from.</summary>
    public class Proxy : DispatchProxy
    {
        private static readonly MethodInfo Maker = typeof(DispatchProxy).GetMethod("Create", Type.EmptyTypes);

        private Func<MethodInfo, object[], object> behaviour;

        internal static object Of(Type type, Func<MethodInfo, object[], object> behaviour)
        {
            object made = Maker.MakeGenericMethod(type, typeof(Proxy)).Invoke(null, null);
            ((Proxy)made).behaviour = behaviour;
            return made;
        }

        protected override object Invoke(MethodInfo method, object[] arguments) => behaviour(method, arguments);
    }
}
