// A client for Gamify in one file, for Unity 2020.2 or newer. Copy it into Assets; there is nothing to install.
//
//   var gamify = new Gamify("https://play.example.com", key);      // in a MonoBehaviour
//   StartCoroutine(gamify.Run());                                  // sends the events that wait, every 5 seconds
//   gamify.OnDropped = (json, reason) => Keep(reason, json);       // will not count: rejected, no room, or not sent
//   gamify.OnUnlocked = unlock => Show(unlock.achievement);        // what a player has just earned
//   gamify.Event("alice", "coin_collected", amount: 5);
//   StartCoroutine(gamify.SubmitScore("best-lap", "alice", 61.25));
//   StartCoroutine(gamify.Top("best-lap", 10, page => Debug.Log(page.rows[0].name)));
//   StartCoroutine(gamify.Place("best-lap", "alice", place => Debug.Log(place.rank)));
//   yield return gamify.Close();                                   // at the end; use DropAll where no coroutine can run
//
// Start Run on an object that lives as long as the game (DontDestroyOnLoad): a coroutine that Unity stops does not go on.
// Call everything from Unity's main thread.
//
// Each event has its own id and each batch an Idempotency-Key, so an event that is sent again counts once. Events wait
// while the site cannot be reached or refuses the key. A bad event is dropped alone and reported to OnDropped; the rest of
// its batch counts. An event without value and amount does not count for boards that need one: it and they are reported to
// OnSkipped. Anybody can use a key that they have, and players can read a key out of a game that they hold: use this
// on dedicated servers and kiosks, and let players' games report to a server of yours.
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
    [Serializable] public class Unlock { public string player; public string achievement; public int points; }
    [Serializable] class Answer
    {
        public Rejected[] rejected = new Rejected[0];
        public Skipped[] skipped = new Skipped[0];
        public Unlock[] unlocked = new Unlock[0];
    }
    [Serializable] class Rejected { public int index; public string reason; }
    [Serializable] class Skipped { public int index = 0; public string[] boards = new string[0]; }
    class Batch { public readonly string Key = Guid.NewGuid().ToString(); public List<string> Events; }

    const int MostEvents = 500; // of a batch; the API takes up to 1,000
    const int MostBytes = 1048000; // of a batch; the API takes 1 MiB
    const int MostWaiting = 20000000; // bytes of events in memory while the site is away: about 100,000 events
    const int Attempts = 6;
    const float LongestPause = 30; // seconds, unless the site asks for more
    const int Large = 1400; // bytes; a longer body is sent as gzip
    static readonly Encoding Utf8 = new UTF8Encoding(false, true); // throws for half a surrogate pair

    readonly string address, key;
    readonly float flushSeconds;
    readonly List<string> waiting = new List<string>(); // events as JSON
    readonly List<Batch> batches = new List<Batch>(); // taken from them and not yet answered; the last one is sent first
    int bytes; // of the events in both lists
    bool sending;

    // Called once for each event that will not count, with its JSON and the reason.
    public Action<string, string> OnDropped = (json, reason) => Debug.LogWarning($"Gamify: event dropped: {reason} {json}");

    // Called for each event that counts, but not for these boards, with its JSON: it has neither a value nor an amount, or
    // the boards' periods at its time are final.
    public Action<string, string[]> OnSkipped = (json, boards) =>
        Debug.LogWarning($"Gamify: event does not count for the boards {string.Join(", ", boards)}: " +
            $"it has neither value nor amount, or their periods are final: {json}");

    // Called for each achievement that the events have unlocked.
    public Action<Unlock> OnUnlocked = unlock => { };

    // Called when a call fails or events could not be sent and wait: the status (0: not reached) and what the site said.
    public Action<long, string> OnError = (status, said) => Debug.LogWarning($"Gamify: {status} {said}");

    public Gamify(string url, string key, float flushSeconds = 5)
    {
        address = url.TrimEnd('/') + "/api/v1";
        this.key = key;
        this.flushSeconds = flushSeconds;
    }

    // Keeps an event to be sent, and returns its id. Throws an ArgumentException for one that cannot be sent: NaN, too long.
    public string Event(string player, string action, long? amount = null, double? value = null, string item = null)
    {
        var id = Guid.NewGuid().ToString();
        var json = $"{{\"id\":\"{id}\",\"player\":{Quote(player)},\"action\":{Quote(action)}";
        if (amount.HasValue) json += $",\"amount\":{amount.Value.ToString(CultureInfo.InvariantCulture)}";
        if (value.HasValue) json += $",\"value\":{Number(value.Value)}";
        if (item != null) json += $",\"item\":{Quote(item)}";
        json += "}";
        var size = Size(json);
        if (size > MostBytes) throw new ArgumentException($"The event has {size} bytes; the API takes at most {MostBytes}.");
        if (bytes + size > MostWaiting)
        {
            Drop(json, $"No room: {MostWaiting} bytes of events are waiting already.");
            return id;
        }
        waiting.Add(json);
        bytes += size;
        return id;
    }

    // Sends when 500 events wait or the time has come, for as long as the coroutine runs.
    public IEnumerator Run()
    {
        while (true)
        {
            var due = Time.realtimeSinceStartup + flushSeconds;
            while (waiting.Count < MostEvents && Time.realtimeSinceStartup < due) yield return null;
            yield return Flush();
            yield return null;
        }
    }

    // Sends all events that wait, one batch after the other. Events that could not be sent wait on, and keep their ids.
    public IEnumerator Flush()
    {
        while (sending) yield return null;
        sending = true;
        for (var batch = Next(); batch != null; batch = Next())
        {
            long status = 0;
            string said = null;
            var json = "{\"events\":[" + string.Join(",", batch.Events) + "]}";
            yield return Call("POST", "/events", json, batch.Key, (code, text) => { status = code; said = text; });
            if (status == 200)
            {
                Settle(batch, JsonUtility.FromJson<Answer>(said));
                continue;
            }
            var isRefused = status == 400 || status == 413 || status == 422;
            if (isRefused || status == 500) TakeApart(batch, status, said);
            if (isRefused) continue;
            OnError(status, said);
            break;
        }
        sending = false;
    }

    // Sends all events that wait; those that cannot be sent go to OnDropped.
    public IEnumerator Close()
    {
        yield return Flush();
        DropAll();
    }

    // Hands all events that wait to OnDropped, for OnApplicationQuit, where no coroutine can run.
    public void DropAll()
    {
        for (var batch = Next(); batch != null; batch = Next())
        {
            Settle(batch, new Answer());
            foreach (var json in batch.Events) Drop(json, "Not sent: the client was closed.");
        }
    }

    // For boards of the best or the last score; for one that adds up, send events, which count once.
    public IEnumerator SubmitScore(string board, string player, double score) =>
        Call("PUT", $"/leaderboards/{Escape(board)}/scores/{Escape(player)}", $"{{\"score\":{Number(score)}}}", null, null);

    // The first rows.
    public IEnumerator Top(string board, int limit, Action<Page> found) =>
        Call("GET", $"/leaderboards/{Escape(board)}?limit={limit}", null, null,
            (status, said) => { if (status == 200) found(JsonUtility.FromJson<Page>(said)); });

    // The player's rank and score, and the rows around; null if the player is not on the board.
    public IEnumerator Place(string board, string player, Action<PlaceOf> found) =>
        Call("GET", $"/leaderboards/{Escape(board)}/players/{Escape(player)}", null, null,
            (status, said) => { if (status == 200 || status == 404) found(status == 200 ? JsonUtility.FromJson<PlaceOf>(said) : null); });

    Batch Next()
    {
        if (batches.Count == 0 && waiting.Count > 0)
        {
            int count = 0, size = 0;
            while (count < Math.Min(MostEvents, waiting.Count) && (size += Size(waiting[count])) <= MostBytes) count++;
            batches.Add(new Batch { Events = waiting.GetRange(0, count) });
            waiting.RemoveRange(0, count);
        }
        return batches.Count > 0 ? batches[batches.Count - 1] : null;
    }

    // Splits a refused batch in half until the bad events are alone. One that may break the site goes behind the others.
    void TakeApart(Batch batch, long status, string said)
    {
        var middle = batch.Events.Count / 2;
        if (middle == 0 && status != 500)
        {
            var rejected = new Rejected { index = 0, reason = $"{status} {said}" };
            Settle(batch, new Answer { rejected = new[] { rejected } });
        }
        else if (batches.Remove(batch))
        {
            if (middle == 0)
            {
                waiting.AddRange(batch.Events);
                return;
            }
            batches.Add(new Batch { Events = batch.Events.GetRange(middle, batch.Events.Count - middle) });
            batches.Add(new Batch { Events = batch.Events.GetRange(0, middle) });
        }
    }

    // Forgets a batch and reports what its answer says of its events, by index, and of players.
    void Settle(Batch batch, Answer answer)
    {
        if (!batches.Remove(batch)) return; // DropAll was called while the batch was being sent
        foreach (var json in batch.Events) bytes -= Size(json);
        foreach (var it in answer.rejected ?? new Rejected[0]) Drop(batch.Events[it.index], it.reason);
        foreach (var it in answer.skipped ?? new Skipped[0]) Report(() => OnSkipped(batch.Events[it.index], it.boards));
        foreach (var unlock in answer.unlocked ?? new Unlock[0]) Report(() => OnUnlocked(unlock));
    }

    void Drop(string json, string reason) => Report(() => OnDropped(json, reason));

    static void Report(Action callback)
    {
        try { callback(); }
        catch (Exception error) { Debug.LogException(error); } // Flush goes on
    }

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
                    var body = Utf8.GetBytes(json);
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
                if (status == 200 && !request.downloadHandler.text.StartsWith("{")) status = 0; // a Wi-Fi log-in page
                var after = request.GetResponseHeader("Retry-After");
                var again = status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
                again = again || (status == 409 && after != null);
                if (!again || attempt == Attempts)
                {
                    var said = status == 0 ? request.error ?? "no JSON" : request.downloadHandler.text;
                    var isBatch = idempotencyKey != null; // Flush says what becomes of it
                    if (!isBatch && (status < 200 || status > 299)) OnError(status, said);
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

    static int Size(string json) => Utf8.GetByteCount(json) + 1; // with a comma

    static string Number(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value)) throw new ArgumentException($"JSON has no number {value}.");
        return value.ToString("R", CultureInfo.InvariantCulture);
    }

    static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text) quoted.Append(c == '"' || c == '\\' ? "\\" + c : c < ' ' ? $"\\u{(int)c:x4}" : c.ToString());
        return quoted.Append('"').ToString();
    }
}
