using System;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Pileus.Runtime
{
    /// <summary>The function's own serializer, which `[LambdaSerializer]` names for a method or an assembly.</summary>
    internal sealed class Serializer
    {
        private const string Attribute = "Amazon.Lambda.Core.LambdaSerializerAttribute";
        private const string Interface = "Amazon.Lambda.Core.ILambdaSerializer";

        internal readonly object Own;
        private readonly MethodInfo deserialize;
        private readonly MethodInfo serialize;

        private Serializer(Type type)
        {
            Type known = type.GetInterface(Interface)
                ?? throw new LambdaValidationException(
                    $"The '{type.FullName}' class is invalid: it does not implement the 'ILambdaSerializer' interface.");
            if (type.GetConstructor(Type.EmptyTypes) == null)
            {
                throw new LambdaValidationException(
                    $"The indicated serializer '{type.FullName}' does not define a public zero-parameter constructor.");
            }
            Own = Activator.CreateInstance(type);
            deserialize = known.GetMethod("Deserialize");
            serialize = known.GetMethod("Serialize");
        }

        internal static Serializer Of(MethodInfo method, Assembly assembly)
        {
            object found = method.GetCustomAttributes().FirstOrDefault(IsNaming)
                ?? assembly.GetCustomAttributes().FirstOrDefault(IsNaming);
            if (found == null) return null;
            var type = (Type)found.GetType().GetProperty("SerializerType")?.GetValue(found)
                ?? throw new LambdaValidationException(
                    $"The 'SerializerType' property on attribute class '{found.GetType().FullName}' is not set.");
            return new Serializer(type);
        }

        private static bool IsNaming(Attribute attribute)
        {
            Type type = attribute.GetType();
            while (type != null && type.FullName != Attribute) type = type.BaseType;
            return type != null;
        }

        internal object Read(Stream stream, Type type) => Invoke(deserialize, type, stream);

        internal void Write(Stream stream, object value, Type type) => Invoke(serialize, type, value, stream);

        private object Invoke(MethodInfo method, Type type, params object[] arguments) =>
            method.MakeGenericMethod(type).Invoke(Own, BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }
}
