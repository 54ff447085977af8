using EventLoop.Polling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Processes;

/// <summary>Reaps the children that no loop looks after any more, each by its own handle, on one thread for all of them. Any thread.</summary>
internal static unsafe class DetachedReaper
{
    private const int Add = 1, CloseOnExec = 0x80000;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, ChildDevice> Children = [];      // by the descriptors of their handles
    private static int epoll = -1;

    internal static void Take(ChildDevice child)
    {
        if (child.Handle is not { } handle || !TryWatch(child, handle))
        {
            new Thread(() => WaitAlone(child)) { IsBackground = true, Name = $"EventLoop reaper of {child.Id}" }.UnsafeStart();
        }
    }

    private static bool TryWatch(ChildDevice child, SafeFileHandle handle)
    {
        int descriptor = (int)handle.DangerousGetHandle();
        lock (Gate)       // held for a moment only
        {
            if (epoll < 0)
            {
                epoll = Libc.EpollCreate(CloseOnExec);
                if (epoll < 0)
                {
                    return false;
                }

                new Thread(Run) { IsBackground = true, Name = "EventLoop reaper" }.UnsafeStart();
            }

            Children.Add(descriptor, child);
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
        byte* ended = stackalloc byte[16];
        while (true)
        {
            if (Libc.EpollWait(epoll, ended, 1, -1) != 1)
            {
                continue;
            }

            lock (Gate)
            {
                int descriptor = (int)EpollPoller.ReadKey(ended);
                if (Children.TryGetValue(descriptor, out var child) && child.Reap())
                {
                    Children.Remove(descriptor);
                    child.Dispose();      // which takes it out of epoll
                }
            }
        }
    }

    private static void WaitAlone(ChildDevice child)
    {
        child.WaitForEnd();
        child.Reap();
        child.Dispose();
    }
}
