using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pileus.Runtime
{
    /// <summary>A log message with places for values: `bought {count} of {@product}`, or `{0}` and `{1}`.</summary>
    internal sealed class Template
    {
        private static readonly Regex Place = new Regex(@"\{\{|\}\}|\{(@?)(\w+)(?::([^{}]*))?\}");

        private readonly List<KeyValuePair<string, object>> members = new List<KeyValuePair<string, object>>();

        internal readonly string Text;

        internal Template(string text, object[] values)
        {
            if (values.Length == 0)
            {
                Text = text;
                return;
            }
            int next = 0;
            Text = Place.Replace(text, match =>
            {
                string name = match.Groups[2].Value;
                if (name == "") return match.Value.Substring(1);
                int number = int.TryParse(name, out int position) ? position : next++;
                if (number >= values.Length) return match.Value;
                members.Add(new KeyValuePair<string, object>(name, values[number]));
                return Shown(values[number], match.Groups[1].Value == "@", match.Groups[3].Value);
            });
        }

        private static string Shown(object value, bool isDocument, string form)
        {
            if (isDocument) return JsonSerializer.Serialize(value);
            if (form != "" && value is IFormattable shaped) return shaped.ToString(form, CultureInfo.InvariantCulture);
            return Convert.ToString(value, CultureInfo.InvariantCulture);
        }

        internal void WriteMembers(Utf8JsonWriter writer)
        {
            foreach (KeyValuePair<string, object> each in members)
            {
                if (each.Value == null) continue;
                writer.WritePropertyName(each.Key);
                JsonSerializer.Serialize(writer, each.Value);
            }
        }
    }
}
