using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Threading.Tasks;

namespace Pileus.Runtime
{
    /// <summary>The method that `Assembly::Namespace.Class::Method` means, and how it is called.</summary>
    internal sealed class Handler
    {
        private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

        private readonly MethodInfo method;
        private readonly object target;
        private readonly ParameterInfo[] parameters;
        private readonly Type inputType;
        private readonly Type outputType;

        internal readonly Serializer Serializer;

        internal Handler(string name)
        {
            string[] parts = Parts(name);
            Assembly assembly = Load(parts[0]);
            Type type = assembly.GetType(parts[1]) ?? throw Invalid.Type(parts[1], parts[0]);
            method = Find(type, parts);
            Validate(type);
            parameters = method.GetParameters();
            Serializer = Serializer.Of(method, assembly);
            inputType = parameters.Length > 0 && !IsContext(parameters[0]) ? parameters[0].ParameterType : null;
            outputType = Awaited(method.ReturnType);
            RequireSerializer(parts[0], inputType, "deserialize input");
            RequireSerializer(parts[0], outputType, "serialize output");
            if (method.IsStatic) RuntimeHelpers.RunClassConstructor(type.TypeHandle);
            else target = Activator.CreateInstance(type);
        }

        /// <summary>The interface of the library's version that the method was compiled with, if it takes one.</summary>
        internal Type ContextType => parameters.LastOrDefault(IsContext)?.ParameterType;

        private static string[] Parts(string name)
        {
            string[] parts = name.Split(new[] {"::"}, StringSplitOptions.None);
            if (parts.Length != 3) throw Invalid.Form(name, "");
            string[] nouns = {"assembly", "type", "method"};
            for (int place = 0; place < parts.Length; place++)
            {
                if (parts[place].Trim() == "") throw Invalid.Form(name, $", the {nouns[place]} is missing");
            }
            return parts;
        }

        private static Assembly Load(string name)
        {
            try
            {
                return AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(name));
            }
            catch (FileNotFoundException error)
            {
                throw Invalid.NoAssembly(error.FileName ?? name);
            }
            catch (Exception error) when (error is FileLoadException || error is BadImageFormatException)
            {
                throw Invalid.Assembly(name);
            }
        }

        /// <summary>By its name, else by its signature, which tells overloads apart; then in what it inherits from.</summary>
        private static MethodInfo Find(Type type, string[] parts)
        {
            for (Type each = type; each != null; each = each.BaseType)
            {
                MethodInfo[] methods = each.GetMethods(All);
                MethodInfo[] named = methods.Where(found => found.Name == parts[2]).ToArray();
                if (named.Length == 1) return named[0];
                if (named.Length > 1)
                {
                    throw Invalid.Overloads(parts[2], each.FullName, string.Join("\n", (object[])named));
                }
                MethodInfo signed = methods.FirstOrDefault(found => found.ToString() == parts[2]);
                if (signed != null) return signed;
            }
            throw Invalid.NoMethod(parts[2], parts[1], parts[0]);
        }

        private void Validate(Type type)
        {
            ParameterInfo[] found = method.GetParameters();
            if (found.Length > 2) throw Invalid.TooManyParameters(method.Name, type.FullName);
            if (found.Length == 2 && !IsContext(found[1]))
            {
                throw Invalid.SecondParameter(method.Name, type.FullName, Contexts.Interface);
            }
            if (type.IsGenericType) throw Invalid.GenericType(type.FullName);
            if (type.IsAbstract && !method.IsStatic) throw Invalid.AbstractType(method.Name, type.FullName);
            if (method.IsGenericMethod) throw Invalid.Generic(method.Name);
            bool isAsync = method.GetCustomAttribute<AsyncStateMachineAttribute>() != null;
            if (isAsync && method.ReturnType == typeof(void)) throw Invalid.AsyncVoid(method.Name);
        }

        private static bool IsContext(ParameterInfo parameter) => parameter.ParameterType.FullName == Contexts.Interface;

        private void RequireSerializer(string assembly, Type type, string what)
        {
            bool isPlain = type == null || type == typeof(void) || typeof(Stream).IsAssignableFrom(type);
            if (!isPlain && Serializer == null) throw Invalid.NoSerializer(assembly, method.Name, what, type.FullName);
        }

        /// <summary>What a task is a task of; void for one of nothing.</summary>
        private static Type Awaited(Type type)
        {
            if (!typeof(Task).IsAssignableFrom(type)) return type;
            return type.IsGenericType ? type.GetGenericArguments()[0] : typeof(void);
        }

        internal byte[] Call(byte[] body, object context)
        {
            var arguments = new object[parameters.Length];
            for (int place = 0; place < arguments.Length; place++)
            {
                arguments[place] = IsContext(parameters[place]) ? context : Input(body);
            }
            object result = method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
            if (result is Task task)
            {
                task.GetAwaiter().GetResult();
                result = outputType == typeof(void) ? null : task.GetType().GetProperty("Result").GetValue(task);
            }
            return Output(result);
        }

        private object Input(byte[] body)
        {
            var stream = new MemoryStream(body);
            return inputType == typeof(Stream) ? stream : Serializer.Read(stream, inputType);
        }

        private byte[] Output(object result)
        {
            if (outputType == typeof(void)) return new byte[0];
            var stream = new MemoryStream();
            if (typeof(Stream).IsAssignableFrom(outputType)) (result as Stream)?.CopyTo(stream);
            else Serializer.Write(stream, result, outputType);
            return stream.ToArray();
        }
    }
}
