using EventLoop.Native;
using EventLoop.Polling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Processes;

/// <summary>Reaps the children that no loop looks after any more, each by its own handle, on one thread for all of them. Any thread.</summary>
internal static unsafe class DetachedReaper
{
    private const int Add = 1, Delete = 2, CloseOnExec = 0x80000;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, (ChildDevice Child, bool IsGuarded)> Children = [];      // by the descriptors of their handles
    private static int epoll = -1;

    /// <param name="child">Not used by the caller any more.</param>
    /// <param name="isGuarded">Whether the guard knows its number.</param>
    internal static void Take(ChildDevice child, bool isGuarded = false)
    {
        if (child.Handle is not { } handle || !TryWatch(child, handle, isGuarded))
        {
            new Thread(() => WaitAlone(child, isGuarded)) { IsBackground = true, Name = $"EventLoop reaper of {child.Id}" }.UnsafeStart();
        }
    }

    /// <summary>Acquires what it needs, so that nothing can fail once there is a child to take over.</summary>
    /// <exception cref="IOException">No descriptors are left.</exception>
    /// <exception cref="OutOfMemoryException">No thread could be started.</exception>
    internal static void Prepare()
    {
        lock (Gate)       // held only for a moment
        {
            if (!ChildDevice.WithoutHandles && !IsPrepared())
            {
                throw new IOException($"No process could be started: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(Libc.LastError)}.",
                    Libc.LastError);
            }
        }
    }

    private static bool IsPrepared()
    {
        if (epoll >= 0)
        {
            return true;
        }

        int made = Libc.EpollCreate(CloseOnExec);
        if (made < 0)
        {
            return false;
        }

        try
        {
            epoll = made;
            new Thread(Run) { IsBackground = true, Name = "EventLoop reaper" }.UnsafeStart();
            return true;
        }
        catch (OutOfMemoryException)
        {
            epoll = -1;
            _ = Libc.Close(made);
            throw;
        }
    }

    private static bool TryWatch(ChildDevice child, SafeFileHandle handle, bool isGuarded)
    {
        int descriptor = (int)handle.DangerousGetHandle();
        lock (Gate)       // held only for a moment
        {
            if (!IsPrepared())
            {
                return false;
            }

            Children.Add(descriptor, (child, isGuarded));
            byte* change = stackalloc byte[16];
            EpollPoller.Write(change, EpollPoller.In, (ulong)descriptor);
            if (Libc.EpollControl(epoll, Add, descriptor, change) == 0)
            {
                return true;
            }

            Children.Remove(descriptor);
            return false;
        }
    }

    private static void Run()
    {
        byte* arrival = stackalloc byte[16];
        while (true)
        {
            if (Libc.EpollWait(epoll, arrival, 1, -1) != 1)
            {
                continue;
            }

            lock (Gate)
            {
                int descriptor = (int)EpollPoller.ReadKey(arrival);
                if (Children.TryGetValue(descriptor, out var ended) && ended.Child.Peek() is not null)
                {
                    Children.Remove(descriptor);
                    _ = Libc.EpollControl(epoll, Delete, descriptor, null);
                    End(ended.Child, ended.IsGuarded);
                }
            }
        }
    }

    private static void WaitAlone(ChildDevice child, bool isGuarded)
    {
        child.WaitForEnd();
        End(child, isGuarded);
    }

    private static void End(ChildDevice child, bool isGuarded)
    {
        if (isGuarded)
        {
            ProcessGroupGuard.Release(child);
            return;
        }

        child.Reap();
        child.Dispose();
    }
}
