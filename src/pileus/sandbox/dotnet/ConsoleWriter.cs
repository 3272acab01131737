using System.IO;
using System.Text;

namespace Pileus.Runtime
{
    /// <summary>What functions write to the console: each line that they end is a record of the log.</summary>
    internal sealed class ConsoleWriter : TextWriter
    {
        private readonly LogWriter log;
        private readonly string level;

        internal ConsoleWriter(LogWriter log, string level)
        {
            this.log = log;
            this.level = level;
        }

        public override Encoding Encoding => new UTF8Encoding(false);

        public override void Write(char value) => Write(value.ToString());

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Write(string value) => log.WriteRaw(Encoding.GetBytes(value ?? ""));

        public override void WriteLine(string value) => log.Write(level, value, new object[0], null);

        public override void WriteLine() => WriteLine("");

        public override void WriteLine(bool value) => WriteLine(value.ToString());

        public override void WriteLine(char value) => WriteLine(value.ToString());

        public override void WriteLine(char[] buffer) => WriteLine(new string(buffer ?? new char[0]));

        public override void WriteLine(char[] buffer, int index, int count) =>
            WriteLine(new string(buffer, index, count));

        public override void WriteLine(int value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(uint value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(long value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(ulong value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(float value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(double value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(decimal value) => WriteLine(value.ToString(FormatProvider));

        public override void WriteLine(object value) => WriteLine(value?.ToString());

        public override void WriteLine(string format, object one) => WriteLine(string.Format(format, one));

        public override void WriteLine(string format, object one, object two) =>
            WriteLine(string.Format(format, one, two));

        public override void WriteLine(string format, object one, object two, object three) =>
            WriteLine(string.Format(format, one, two, three));

        public override void WriteLine(string format, params object[] values) =>
            WriteLine(string.Format(format, values));
    }
}
