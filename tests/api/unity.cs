// As much of Unity as Gamify.cs uses, over the HTTP of .NET, and a program that uses the client as the tests ask.
using System;
using System.Collections;
using System.IO;
using System.Net;
using System.Runtime.Serialization.Json;
using System.Text;

namespace UnityEngine
{
    public static class Debug
    {
        public static void LogWarning(object message) { Console.Error.WriteLine(message); }
        public static void LogException(Exception error) { Console.Error.WriteLine(error); }
    }

    public static class Time { public static float realtimeSinceStartup { get { return 0; } } }
    public static class Random { public static float value { get { return 0; } } }
    public class WaitForSecondsRealtime { public WaitForSecondsRealtime(float seconds) { } }

    public static class JsonUtility
    {
        public static T FromJson<T>(string json)
        {
            using (var read = new MemoryStream(Encoding.UTF8.GetBytes(json)))
                return (T)new DataContractJsonSerializer(typeof(T)).ReadObject(read);
        }
    }

    public static class Mathf
    {
        public static float Min(float a, float b) { return Math.Min(a, b); }
        public static float Pow(float a, float b) { return (float)Math.Pow(a, b); }
    }
}

namespace UnityEngine.Networking
{
    public class DownloadHandler { public string text; }
    public class DownloadHandlerBuffer : DownloadHandler { }
    public class UploadHandler { public string contentType; public byte[] data; }
    public class UploadHandlerRaw : UploadHandler { public UploadHandlerRaw(byte[] data) { this.data = data; } }

    public class UnityWebRequest : IDisposable
    {
        public enum Result { InProgress, Success, ConnectionError, ProtocolError, DataProcessingError }
        public Result result;
        public long responseCode;
        public int timeout;
        public string error;
        public DownloadHandler downloadHandler;
        public UploadHandler uploadHandler;
        readonly HttpWebRequest request;
        WebHeaderCollection headers = new WebHeaderCollection();

        public UnityWebRequest(string address, string method)
        {
            request = (HttpWebRequest)WebRequest.Create(address);
            request.Method = method;
            request.ServicePoint.Expect100Continue = false;
            request.KeepAlive = false;
        }

        public void SetRequestHeader(string name, string value) { request.Headers[name] = value; }
        public string GetResponseHeader(string name) { return headers[name]; }
        public static string EscapeURL(string text) { return Uri.EscapeDataString(text); }
        public void Dispose() { }

        public object SendWebRequest()
        {
            try
            {
                if (uploadHandler != null)
                {
                    request.ContentType = uploadHandler.contentType;
                    request.ContentLength = uploadHandler.data.Length;
                    using (var sent = request.GetRequestStream()) sent.Write(uploadHandler.data, 0, uploadHandler.data.Length);
                }
                Read((HttpWebResponse)request.GetResponse());
            }
            catch (WebException problem)
            {
                error = problem.Message;
                if (problem.Response == null) result = Result.ConnectionError;
                else Read((HttpWebResponse)problem.Response);
            }
            return null;
        }

        void Read(HttpWebResponse answer)
        {
            responseCode = (long)answer.StatusCode;
            result = responseCode < 400 ? Result.Success : Result.ProtocolError;
            headers = answer.Headers;
            using (var reader = new StreamReader(answer.GetResponseStream())) downloadHandler.text = reader.ReadToEnd();
        }
    }
}

// Takes one command a line, its words apart by tabs; `close` ends a client.
public static class Program
{
    static readonly string Long = new string('x', 1000000);
    static Gamify gamify;

    public static void Main()
    {
        gamify = Start();
        for (var line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            var words = line.Split('\t');
            if (words[0] == "event") gamify.Event(words[1], words[2], words.Length > 3 ? long.Parse(words[3]) : (long?)null);
            else if (words[0] == "refused") Refused();
            else if (words[0] == "again") Again(words);
            else if (words[0] == "flood") Flood();
            else if (words[0] == "score") Play(gamify.SubmitScore(words[1], words[2], double.Parse(words[3])));
            else if (words[0] == "top") Play(gamify.Top(words[1], 10, page => Console.WriteLine("{\"rows\":[" + Rows(page) + "]}")));
            else if (words[0] == "place") Play(gamify.Place(words[1], words[2], Place));
            else
            {
                Play(gamify.Close());
                gamify = Start();
            }
        }
    }

    static Gamify Start()
    {
        return new Gamify(Environment.GetEnvironmentVariable("GAMIFY_URL"), Environment.GetEnvironmentVariable("GAMIFY_KEY"))
        {
            OnDropped = (json, reason) => Console.Error.WriteLine("dropped: " + reason + " " + json.Replace(Long, "")),
            OnSkipped = (json, boards) => Console.Error.WriteLine("skipped: " + string.Join(" ", boards) + " " + json),
            OnUnlocked = unlock => Console.Error.WriteLine("unlocked: {\"player\":\"" + unlock.player
                + "\",\"achievement\":\"" + unlock.achievement + "\",\"points\":" + unlock.points + "}"),
            OnError = (status, said) => Console.Error.WriteLine("failed: " + status + " " + said),
        };
    }

    // To its end, without a pause.
    static void Play(IEnumerator routine)
    {
        while (routine.MoveNext())
            if (routine.Current is IEnumerator) Play((IEnumerator)routine.Current);
    }

    static void Attempt(Action call)
    {
        try { call(); }
        catch (ArgumentException error) { Console.Error.WriteLine("ValueError " + error.Message.Replace("\n", " ")); }
    }

    static void Refused()
    {
        Attempt(() => gamify.Event("alice", "coin", value: double.NaN));
        Attempt(() => gamify.Event("alice", "coin", value: double.NegativeInfinity));
        Attempt(() => gamify.Event("alice", "coin", item: "half a pair: \ud800"));
        Attempt(() => gamify.Event("alice", "coin", item: new string('x', 1048576)));
        Attempt(() => Play(gamify.SubmitScore("laps", "alice", double.NaN)));
        gamify.Event("alice", "coin");
    }

    static void Again(string[] words)
    {
        for (var index = 1; index < words.Length; index++)
        {
            gamify.Event(words[index], "coin");
            Play(gamify.Flush());
        }
    }

    static void Flood()
    {
        for (var amount = 0; amount < 25; amount++) gamify.Event("alice", "coin", amount, item: Long);
    }

    static string Rows(Gamify.Page page)
    {
        return string.Join(",", Array.ConvertAll(page.rows, row => "{\"player\":\"" + row.player + "\",\"score\":" + row.score + "}"));
    }

    static void Place(Gamify.PlaceOf place)
    {
        Console.WriteLine("{\"rank\":" + place.rank + ",\"score\":" + place.score + "}");
    }
}
