// A client for Gamify in one file, for Unity 2020.2 or newer. Copy it into Assets; there is nothing to install.
//
//   var gamify = new Gamify("https://play.example.com", key);      // in a MonoBehaviour
//   StartCoroutine(gamify.Run());                                  // sends what waits, every 5 seconds
//   gamify.Event("alice", "coin_collected", amount: 5);
//   StartCoroutine(gamify.SubmitScore("best-lap", "alice", 61.25));
//   StartCoroutine(gamify.Top("best-lap", 10, page => Debug.Log(page.rows[0].name)));
//   StartCoroutine(gamify.Place("best-lap", "alice", place => Debug.Log(place.rank)));
//
// Start Run on an object that lives as long as the game (DontDestroyOnLoad): a coroutine that Unity stops does not go on.
//
// Each event has an id of its own and each batch an Idempotency-Key, so that whatever is sent again counts once. Whoever
// has a key can use it, and a key in a game that players hold can be read out: use this on dedicated servers and kiosks,
// and let players' games report to a server of yours.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Text;
using UnityEngine;
using UnityEngine.Networking;

public class Gamify
{
    [Serializable] public class Row { public int rank; public string player; public string name; public double score; }
    [Serializable] public class Page { public int size; public Row[] rows; public string next; }
    [Serializable] public class PlaceOf { public int rank; public double score; public int size; public double percentile; public Row[] rows; }

    const int Batch = 500; // events; the API takes up to 1,000
    const int MostWaiting = 100000; // events in memory while the site is away
    const int Attempts = 6;
    const float LongestPause = 30; // seconds, unless the site asks for more
    const int Large = 1400; // bytes; what is longer is sent as gzip

    readonly string address, key;
    readonly float flushSeconds;
    readonly List<string> waiting = new List<string>();
    string batch, batchKey; // on its way, until it is answered
    bool sending;

    // Hears of every failure: the status (0: not reached) and what the site said.
    public Action<long, string> OnError = (status, said) => Debug.LogWarning($"Gamify: {status} {said}");

    public Gamify(string url, string key, float flushSeconds = 5)
    {
        address = url.TrimEnd('/') + "/api/v1";
        this.key = key;
        this.flushSeconds = flushSeconds;
    }

    // Keeps an event to be sent. Gives its id.
    public string Event(string player, string action, long amount = 1, double? value = null, string item = null)
    {
        if (waiting.Count >= MostWaiting) throw new InvalidOperationException("Too many events are waiting already.");
        var id = Guid.NewGuid().ToString();
        var json = $"{{\"id\":\"{id}\",\"player\":{Quote(player)},\"action\":{Quote(action)},\"amount\":{amount}";
        if (value.HasValue) json += $",\"value\":{Number(value.Value)}";
        if (item != null) json += $",\"item\":{Quote(item)}";
        waiting.Add(json + "}");
        return id;
    }

    // Sends when 500 events wait or the time has come, for as long as the coroutine runs.
    public IEnumerator Run()
    {
        while (true)
        {
            var due = Time.realtimeSinceStartup + flushSeconds;
            while (waiting.Count < Batch && Time.realtimeSinceStartup < due) yield return null;
            yield return Flush();
            yield return null;
        }
    }

    // Sends all that waits, one batch after the other. What could not be sent waits on, and is sent again as it was.
    public IEnumerator Flush()
    {
        while (sending) yield return null;
        sending = true;
        var goesOn = true;
        while (goesOn && (batch != null || waiting.Count > 0))
        {
            if (batch == null)
            {
                var count = Math.Min(Batch, waiting.Count);
                batch = "{\"events\":[" + string.Join(",", waiting.GetRange(0, count)) + "]}";
                batchKey = Guid.NewGuid().ToString();
                waiting.RemoveRange(0, count);
            }
            long status = 0;
            yield return Call("POST", "/events", batch, batchKey, (code, _) => status = code);
            goesOn = status == 200;
            // Answered, or wrong in itself: to send it again is of no use.
            if (goesOn || status == 400 || status == 413 || status == 415 || status == 422) batch = null;
        }
        sending = false;
    }

    // For boards that keep the best or the last score; to one that adds up send events, which count once.
    public IEnumerator SubmitScore(string board, string player, double score) =>
        Call("PUT", $"/leaderboards/{Escape(board)}/scores/{Escape(player)}", $"{{\"score\":{Number(score)}}}", null, null);

    // The first rows.
    public IEnumerator Top(string board, int limit, Action<Page> found) =>
        Call("GET", $"/leaderboards/{Escape(board)}?limit={limit}", null, null,
            (status, said) => { if (status == 200) found(JsonUtility.FromJson<Page>(said)); });

    // The player's rank and score, and the rows around; null where the player is not on the board.
    public IEnumerator Place(string board, string player, Action<PlaceOf> found) =>
        Call("GET", $"/leaderboards/{Escape(board)}/players/{Escape(player)}", null, null,
            (status, said) => { if (status == 200 || status == 404) found(status == 200 ? JsonUtility.FromJson<PlaceOf>(said) : null); });

    IEnumerator Call(string method, string path, string json, string idempotencyKey, Action<long, string> done)
    {
        for (var attempt = 1; ; attempt++)
        {
            float wait = 0;
            using (var request = new UnityWebRequest(address + path, method))
            {
                request.timeout = 30;
                request.downloadHandler = new DownloadHandlerBuffer();
                request.SetRequestHeader("Authorization", "Bearer " + key);
                if (idempotencyKey != null) request.SetRequestHeader("Idempotency-Key", idempotencyKey);
                if (json != null)
                {
                    var body = Encoding.UTF8.GetBytes(json);
                    if (body.Length > Large)
                    {
                        body = Zip(body);
                        request.SetRequestHeader("Content-Encoding", "gzip");
                    }
                    request.uploadHandler = new UploadHandlerRaw(body) { contentType = "application/json" };
                }
                yield return request.SendWebRequest();
                var isCut = request.result == UnityWebRequest.Result.ConnectionError; // refused, cut off, or too slow
                var status = isCut ? 0 : request.responseCode;
                var after = request.GetResponseHeader("Retry-After");
                var again = status == 0 || status == 429 || (status >= 502 && status <= 504) || (status == 409 && after != null);
                if (!again || attempt == Attempts)
                {
                    var said = status == 0 ? request.error : request.downloadHandler.text;
                    if (status < 200 || status > 299) OnError(status, said);
                    done?.Invoke(status, said);
                    yield break;
                }
                float.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out wait);
            }
            var most = Mathf.Min(LongestPause, 0.5f * Mathf.Pow(2, attempt));
            yield return new WaitForSecondsRealtime(wait + UnityEngine.Random.value * most); // not all come back at once
        }
    }

    static byte[] Zip(byte[] body)
    {
        using (var packed = new MemoryStream())
        {
            using (var gzip = new GZipStream(packed, CompressionMode.Compress)) gzip.Write(body, 0, body.Length);
            return packed.ToArray();
        }
    }

    static string Escape(string part) => UnityWebRequest.EscapeURL(part);

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text) quoted.Append(c == '"' || c == '\\' ? "\\" + c : c < ' ' ? $"\\u{(int)c:x4}" : c.ToString());
        return quoted.Append('"').ToString();
    }
}
