using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace Pileus.Runtime
{
    /// <summary>One event with what the platform says about it.</summary>
    internal sealed class Invocation
    {
        private readonly Dictionary<string, string> headers;
        internal readonly byte[] Event;

        internal Invocation(Dictionary<string, string> headers, byte[] body)
        {
            this.headers = headers;
            Event = body;
        }

        internal string RequestId => Header("lambda-runtime-aws-request-id");

        internal string Header(string name) => headers.TryGetValue(name, out string value) ? value : null;
    }

    /// <summary>The runtime's end of the Runtime API: HTTP/1.1 on one connection, kept open.</summary>
    internal sealed class RuntimeClient
    {
        private const string Path = "/2018-06-01/runtime";

        private readonly string host;
        private readonly Stream stream;

        internal RuntimeClient(string host)
        {
            this.host = host;
            int colon = host.LastIndexOf(':');
            int port = int.Parse(host.Substring(colon + 1), CultureInfo.InvariantCulture);
            var client = new TcpClient(host.Substring(0, colon), port) { NoDelay = true };
            stream = new BufferedStream(client.GetStream(), 1 << 16);
        }

        internal Invocation Next()
        {
            Send($"GET {Path}/invocation/next HTTP/1.1\r\nHost: {host}\r\n\r\n", new byte[0]);
            return Read();
        }

        internal void Respond(string requestId, byte[] body) => Post($"/invocation/{requestId}/response", body, "");

        internal void Fail(string requestId, byte[] body, string errorType) =>
            Post($"/invocation/{requestId}/error", body, errorType);

        internal void FailInit(byte[] body, string errorType) => Post("/init/error", body, errorType);

        /// <summary>Say that a snapshot may be taken; returns when life goes on.</summary>
        internal void RestoreNext()
        {
            Send($"GET {Path}/restore/next HTTP/1.1\r\nHost: {host}\r\n\r\n", new byte[0]);
            Read();
        }

        internal void FailRestore(byte[] body, string errorType) => Post("/restore/error", body, errorType);

        private void Post(string path, byte[] body, string errorType)
        {
            string header = errorType == "" ? "" : $"Lambda-Runtime-Function-Error-Type: {errorType}\r\n";
            Send(
                $"POST {Path}{path} HTTP/1.1\r\nHost: {host}\r\n{header}Content-Length: {body.Length}\r\n\r\n", body);
            Read();
        }

        private void Send(string head, byte[] body)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(head);
            stream.Write(bytes, 0, bytes.Length);
            stream.Write(body, 0, body.Length);
            stream.Flush();
        }

        private Invocation Read()
        {
            Line();
            var headers = new Dictionary<string, string>();
            for (string line = Line(); line != ""; line = Line())
            {
                int colon = line.IndexOf(':');
                headers[line.Substring(0, colon).ToLowerInvariant()] = line.Substring(colon + 1).Trim();
            }
            headers.TryGetValue("content-length", out string length);
            var body = new byte[int.Parse(length ?? "0", CultureInfo.InvariantCulture)];
            for (int place = 0; place < body.Length;)
            {
                int count = stream.Read(body, place, body.Length - place);
                if (count == 0) throw new EndOfStreamException();
                place += count;
            }
            return new Invocation(headers, body);
        }

        private string Line()
        {
            var line = new List<byte>();
            for (int next = stream.ReadByte(); next != '\n'; next = stream.ReadByte())
            {
                if (next < 0) throw new EndOfStreamException();
                if (next != '\r') line.Add((byte)next);
            }
            return Encoding.UTF8.GetString(line.ToArray());
        }
    }
}
