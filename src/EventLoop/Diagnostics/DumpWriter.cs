using System.Globalization;
using System.Runtime.InteropServices;
using EventLoop.Debugging;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Writes a dump to a folder whenever one of its causes occurs. On a thread of its own: a disk that is slow, full or gone holds up neither the loop
/// nor the stall watch.</summary>
internal sealed class DumpWriter(Loop loop, DumpCauses causes, string folder, int most, Action<DumpWriter> forget) : Instrument, IDisposable
{
    internal const string Extension = ".eldump";
    internal const string TimeInName = "yyyyMMdd'T'HHmmssfff";

    /// <summary>As names of files tell them.</summary>
    internal static readonly string[] Causes = [.. Enum.GetValues<DumpCauses>().Select(NameOf)];

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    // By what the names of one loop's files begin with, or by the folder for all loops that nobody has named: what is there, first what there was before, then
    // in the order of writing, because the wall clock may be set. Under its own lock. Not kept with the loop: another one of its name, after it, goes on with
    // its files.
    private static readonly Dictionary<string, List<string>> Written = [];
    private static int numbers;      // any thread, interlocked

    private PosixSignalRegistration? quit;
    private long notBefore;      // any thread, interlocked; on the system's clock
    private int disposed;        // any thread, interlocked
    private bool sawDeadlock;    // loop thread

    internal void Start()
    {
        if ((causes & DumpCauses.Quit) != 0 && !OperatingSystem.IsWindows())
        {
            quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context =>
            {
                context.Cancel = true;
                Write(DumpCauses.Quit);
            });
        }

        if ((causes & DumpCauses.Deadlock) != 0)
        {
            loop.Core.Instruments.Add(this, Hearing.Parking);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            quit?.Dispose();
            if ((causes & DumpCauses.Deadlock) != 0)
            {
                loop.Core.Instruments.Remove(this);
            }

            forget(this);
        }
    }

    // Called when the loop has nothing to do, once for each standstill.
    internal override void OnParking()
    {
        bool stands = !loop.Core.IsExpecting && WaitReport.IsCertainDeadlock(loop);
        if (stands && !sawDeadlock)
        {
            Write(DumpCauses.Deadlock);
        }

        sawDeadlock = stands;
    }

    /// <summary>Any thread; does not wait for the disk.</summary>
    internal void Write(DumpCauses cause)
    {
        if ((causes & cause) == 0 || Volatile.Read(ref disposed) != 0)
        {
            return;
        }

        long now = Environment.TickCount64;
        long before = Volatile.Read(ref notBefore);
        if (now < before || Interlocked.CompareExchange(ref notBefore, now + (long)Pause.TotalMilliseconds, before) != before)
        {
            return;
        }

        // The state of the loop at this moment, even if it resumes at once.
        new Thread(() => WriteFile(cause, DateTime.UtcNow)) { IsBackground = true, Name = "EventLoop dump" }.UnsafeStart();
    }

    /// <param name="cause">Of its name.</param>
    /// <param name="at">The same; the wall clock may be set meanwhile.</param>
    internal void WriteFile(DumpCauses cause, DateTime at)
    {
        string? path = null;
        try
        {
            Directory.CreateDirectory(folder);
            string time = at.ToString(TimeInName, CultureInfo.InvariantCulture);
            path = Path.Combine(folder, string.Create(
                CultureInfo.InvariantCulture, $"{Mine}{time}-{Interlocked.Increment(ref numbers)}-{NameOf(cause)}{Extension}"));
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 64 * 1024 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(path, options))
            {
                DumpFile.Write(loop, file);
            }

            LookForEarlier();      // only now: the state of the loop was to be that of the moment
            DropOldest(path);
        }
        catch (Exception failure)
        {
            loop.LogFailure($"A dump could not be written to {folder}", failure);
            TryDelete(path);      // an incomplete file
        }
    }

    private string Mine => string.Create(CultureInfo.InvariantCulture, $"{FileNameOf(loop.Name)}-{Environment.ProcessId}-");

    private bool IsNamed => loop.Options is { Name: not null, HasMadeName: false };

    private string Key => IsNamed ? Path.Combine(folder, Mine) : folder;

    // What earlier runs of this program have left counts as well, as older than anything of this one. When this one has written its first.
    private void LookForEarlier()
    {
        string key = Key;
        lock (Written)
        {
            if (Written.ContainsKey(key))
            {
                return;
            }
        }

        var earlier = EarlierDumps.In(folder, IsNamed ? FileNameOf(loop.Name) : null);
        lock (Written)
        {
            Written.TryAdd(key, earlier);
        }
    }

    private void DropOldest(string latest)
    {
        string[] tooMany = [];
        lock (Written)
        {
            var mine = Written[Key];
            mine.Add(latest);
            if (mine.Count > most)
            {
                mine.RemoveAll(static file => !File.Exists(file));
                tooMany = [.. mine.SkipLast(most)];
                mine.RemoveRange(0, tooMany.Length);
            }
        }

        foreach (string file in tooMany)
        {
            TryDelete(file);
        }
    }

    private static void TryDelete(string? path)
    {
        try
        {
            if (path is not null)
            {
                File.Delete(path);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The file stays.
        }
    }

    private static string NameOf(DumpCauses cause) => cause.ToString().ToLowerInvariant();

    private static string FileNameOf(string name)
    {
        const int longest = 60;
        string safe = string.Concat(name.Take(longest).Select(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_'));
        return safe.TrimStart('.') is { Length: > 0 } rest ? rest : "loop";
    }
}
