using System.Text;
using EventLoop.Native;
using EventLoop.SignalHandling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Processes;

/// <summary>
/// Kills process groups when this process ends, however it ends: one shell for the process, which reads the groups' numbers from a pipe and acts at the end of
/// that pipe. It is restarted when somebody kills it. On the <see cref="SpawnThread"/> only.
/// </summary>
internal static unsafe class ProcessGroupGuard
{
    private const string Shell = ProcessCommand.ShellProgram;

    // A variable for each group; "kill -9 -N", because dash does not know "--". It goes to the root by itself, because not every C library can start it there.
    private const string Script = """
        trap '' HUP INT QUIT TERM TSTP TTIN TTOU
        cd /
        while read -r line; do
          case $line in
            +*) eval "group_${line#+}=1" ;;
            -*) unset "group_${line#-}" ;;
          esac
        done
        set | while IFS='=' read -r name value; do
          case $name in
            group_[0-9]*) kill -9 "-${name#group_}" 2>/dev/null ;;
          esac
        done
        """;

    private static readonly HashSet<int> Groups = [];
    private static SafeFileHandle? pipe;

    /// <summary>Starts the guard if necessary, so that nothing can fail once a child has been started.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no shell for it.</exception>
    internal static void Prepare()
    {
        if (pipe is null)
        {
            Start();
        }
    }

    internal static void Add(int group)
    {
        Groups.Add(group);
        Tell($"+{group}\n");
    }

    private static void Remove(int group)
    {
        if (Groups.Remove(group))
        {
            Tell($"-{group}\n");
        }
    }

    /// <summary>Reaps a child that has ended, after the guard has forgotten its number, which any process may get from then on. Any thread.</summary>
    internal static void Release(ChildDevice child) => SpawnThread.Post(() =>
    {
        Remove(child.Id);
        child.Reap();
        child.Dispose();
    });

    private static void Start()
    {
        var start = new ChildStart
        {
            Paths = [Shell],
            Arguments = [Shell, "-c", Script],
            Environment = new System.Collections.Hashtable { ["PATH"] = "/usr/bin:/bin" },
            HasOwnSession = true,
            Streams = [new ChildStream(ChildStreamKind.Pipe), new ChildStream(ChildStreamKind.Null), new ChildStream(ChildStreamKind.Null)],
        };
        int id = start.Run(out int error, out _);
        if (id == 0)
        {
            string text = $"ProcessCommand.KillOnParentExit needs {Shell} for its guard, which could not be started: "
                + $"{System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}.";
            throw error is Errno.NoEntry or Errno.NotFolder or Errno.NoAccess ? new PlatformNotSupportedException(text) : new IOException(text, error);
        }

        pipe = start.Ends[0];
        var device = ChildDevice.Open(id);
        try
        {
            new Thread(() => Watch(device)) { IsBackground = true, Name = "EventLoop guard's watch" }.UnsafeStart();
        }
        catch (OutOfMemoryException)
        {
            // A guard that nobody watches is no guard.
            pipe!.Dispose();
            pipe = null;
            device.Send(SignalNumbers.Kill);
            device.WaitBriefly(1000);
            device.Reap();
            device.Dispose();
            throw;
        }

        foreach (int group in Groups)
        {
            Tell($"+{group}\n");
        }
    }

    // On a thread of its own.
    private static void Watch(ChildDevice device)
    {
        device.WaitForEnd();
        device.Reap();
        device.Dispose();
        SpawnThread.Post(StartAgain);
    }

    private static void StartAgain()
    {
        pipe?.Dispose();
        pipe = null;
        if (Groups.Count == 0)
        {
            return;
        }

        try
        {
            Start();
        }
        catch (Exception failure) when (failure is PlatformNotSupportedException or IOException or OutOfMemoryException)
        {
            // The next caller is notified.
        }
    }

    // A guard that was just killed does not read it; the next one is given all groups.
    private static void Tell(string line)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(line);
        fixed (byte* start = bytes)
        {
            while (pipe is { } to && Libc.Write((int)to.DangerousGetHandle(), start, (nuint)bytes.Length) < 0
                && Libc.LastError is Errno.Interrupted or Errno.Again)
            {
                Thread.Sleep(1);
            }
        }
    }
}
