using System;

namespace Pileus.Runtime
{
    /// <summary>A handler that cannot be used, in AWS's words; its name is the error's type.</summary>
    internal sealed class LambdaValidationException : Exception
    {
        internal LambdaValidationException(string message) : base(message) {}
    }

    /// <summary>What AWS says of each kind of handler that it cannot use.</summary>
    internal static class Invalid
    {
        internal static Exception Form(string handler, string missing) => Because(
            $"Invalid lambda function handler: '{handler}'{missing}. The valid format is 'ASSEMBLY::TYPE::METHOD'.");

        internal static Exception NoAssembly(string file) => Because(
            $"Could not find the specified handler assembly with the file name '{file}'. "
            + "The assembly should be located in the root of your uploaded .zip file.");

        internal static Exception Assembly(string name) => Because($"Unable to load assembly '{name}'.");

        internal static Exception Type(string type, string assembly) =>
            Because($"Unable to load type '{type}' from assembly '{assembly}'.");

        internal static Exception NoMethod(string method, string type, string assembly) => Because(
            $"Unable to find method '{method}' in type '{type}' from assembly '{assembly}': "
            + $"Found no methods matching method name '{method}'.");

        internal static Exception Overloads(string method, string type, string candidates) => Because(
            $"The method '{method}' in type '{type}' appears to have a number of overloads. "
            + $"To call this method please specify a complete method signature. Possible candidates are:\n{candidates}.");

        internal static Exception TooManyParameters(string method, string type) => Because(
            $"Method '{method}' of type '{type}' is not supported: the method has more than 2 parameters.");

        internal static Exception SecondParameter(string method, string type, string wanted) => Because(
            $"Method '{method}' of type '{type}' is not supported: the method has 2 parameters, "
            + $"but the second parameter is not of type '{wanted}'.");

        internal static Exception Generic(string method) => Because(
            $"The method '{method}' cannot be used as a Lambda Handler because it is a generic method. "
            + "Handler methods cannot be generic. Please specify a non-generic handler method.");

        internal static Exception GenericType(string type) => Because(
            $"The type '{type}' cannot be used as a Lambda Handler type because it is generic. Handler methods "
            + "cannot be located in generic types. Please specify a handler method in a non-generic type.");

        internal static Exception AbstractType(string method, string type) => Because(
            $"The instance method '{method}' cannot be used as a Lambda Handler because its type '{type}' is abstract. "
            + "Please either use a static handler or specify a type that is not abstract.");

        internal static Exception AsyncVoid(string method) => Because(
            $"The method '{method}' cannot be used as a Lambda Handler because it is an 'async void' method. "
            + "Handler methods cannot be 'async void'. Please specify a method that is not 'async void'.");

        internal static Exception NoSerializer(string assembly, string method, string what, string type) => Because(
            $"Could not find the LambdaSerializerAttribute on the assembly '{assembly}' or method '{method}' "
            + $"while attempting to {what} data of type '{type}'. To use types other than System.IO.Stream as "
            + "input/output parameters, the assembly or Lambda function should be annotated with "
            + "Amazon.Lambda.Core.LambdaSerializerAttribute.");

        private static Exception Because(string message) => new LambdaValidationException(message);
    }
}
