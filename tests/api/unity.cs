// As much of Unity as Gamify.cs uses, for the compiler alone: nothing here does anything.
namespace UnityEngine
{
    public static class Debug { public static void LogWarning(object message) { } }
    public static class Time { public static float realtimeSinceStartup { get { return 0; } } }
    public static class Random { public static float value { get { return 0; } } }
    public static class JsonUtility { public static T FromJson<T>(string json) { return default(T); } }
    public class WaitForSecondsRealtime { public WaitForSecondsRealtime(float seconds) { } }

    public static class Mathf
    {
        public static float Min(float a, float b) { return a; }
        public static float Pow(float a, float b) { return a; }
    }
}

namespace UnityEngine.Networking
{
    public class DownloadHandler { public string text; }
    public class DownloadHandlerBuffer : DownloadHandler { }
    public class UploadHandler { public string contentType; }
    public class UploadHandlerRaw : UploadHandler { public UploadHandlerRaw(byte[] data) { } }

    public class UnityWebRequest : System.IDisposable
    {
        public enum Result { InProgress, Success, ConnectionError, ProtocolError, DataProcessingError }
        public Result result;
        public long responseCode;
        public int timeout;
        public string error;
        public DownloadHandler downloadHandler;
        public UploadHandler uploadHandler;
        public UnityWebRequest(string address, string method) { }
        public void SetRequestHeader(string name, string value) { }
        public string GetResponseHeader(string name) { return null; }
        public object SendWebRequest() { return null; }
        public static string EscapeURL(string text) { return text; }
        public void Dispose() { }
    }
}
