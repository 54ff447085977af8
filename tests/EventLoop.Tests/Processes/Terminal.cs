using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Processes;

/// <summary>A pseudo terminal: what a child has, and what whoever sits before it has.</summary>
internal sealed class Terminal : IDisposable
{
    private const int ReadWrite = 2, NoControl = 0x100, CloseOnExec = 0x80000;
    private const nuint TakeControl = 0x540E;

    private static Terminal? taken;

    private Terminal(SafeFileHandle outside, SafeFileHandle inside)
    {
        Outside = outside;
        Inside = inside;
    }

    /// <summary>Where a person would sit.</summary>
    internal SafeFileHandle Outside { get; }

    /// <summary>What a program has as its standard streams.</summary>
    internal SafeFileHandle Inside { get; }

    internal static Terminal Open()
    {
        int outside = posix_openpt(ReadWrite | NoControl | CloseOnExec);
        var name = new byte[100];
        (grantpt(outside), unlockpt(outside), ptsname_r(outside, name, name.Length)).Should().Be((0, 0, 0));
        int inside = open(Encoding.UTF8.GetString(name, 0, Array.IndexOf(name, (byte)0)), ReadWrite | NoControl | CloseOnExec);
        inside.Should().BeGreaterThan(0);
        return new Terminal(new SafeFileHandle(outside, ownsHandle: true), new SafeFileHandle(inside, ownsHandle: true));
    }

    /// <summary>Opens one and makes it that of this process, which leads a session and has none. Its loss would kill the process, so it stays.</summary>
    internal static Terminal Take()
    {
        taken = Open();
        ioctl((int)taken.Inside.DangerousGetHandle(), TakeControl, 0).Should().Be(0);
        return taken;
    }

    /// <summary>What somebody at the terminal reads next, up to the end of a line. Blocks.</summary>
    internal string ReadLine()
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (read((int)Outside.DangerousGetHandle(), one, 1) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString().TrimEnd('\r');
    }

    /// <summary>What somebody there types.</summary>
    internal void Type(params byte[] keys) => write((int)Outside.DangerousGetHandle(), keys, keys.Length).Should().Be(keys.Length);

    /// <summary>Makes it this process's standard output.</summary>
    internal void BecomeOutput() => dup2((int)Inside.DangerousGetHandle(), 1).Should().Be(1);

    public void Dispose()
    {
        Outside.Dispose();
        Inside.Dispose();
    }

    [DllImport("libc")]
    private static extern int posix_openpt(int flags);

    [DllImport("libc")]
    private static extern int grantpt(int descriptor);

    [DllImport("libc")]
    private static extern int unlockpt(int descriptor);

    [DllImport("libc")]
    private static extern int ptsname_r(int descriptor, byte[] name, nint length);

    [DllImport("libc")]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc")]
    private static extern int ioctl(int descriptor, nuint request, nint argument);

    [DllImport("libc")]
    private static extern nint read(int descriptor, byte[] buffer, nint count);

    [DllImport("libc")]
    private static extern nint write(int descriptor, byte[] buffer, nint count);

    [DllImport("libc")]
    private static extern int dup2(int from, int to);
}
