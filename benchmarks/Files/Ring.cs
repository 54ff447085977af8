using System.Runtime.InteropServices;
using EventLoop;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Benchmarks.Files;

/// <summary>
/// The study behind a decision: file operations by Linux's io_uring, whose end the loop hears of through the ring's descriptor. What is done when the call that
/// hands it over returns costs no wait. Loop thread only.
/// </summary>
internal sealed unsafe partial class Ring : IDisposable
{
    private const int Setup = 425, Enter = 426;
    private const byte Read = 22, Write = 23;
    private const uint SingleIssuer = 1 << 12, CooperativeTasks = 1 << 8;
    private const int Entries = 64, QueueBytes = 16 * 1024, EntrySize = 64;
    private const long EntriesAt = 0x10000000;

    private readonly SafeFileHandle handle;
    private readonly byte* queues, entries;
    private readonly uint* submissionTail, completionHead, completionTail, array;
    private readonly uint submissionMask, completionMask;
    private readonly byte* completions;
    private readonly LoopFuture<int>?[] waiting = new LoopFuture<int>?[Entries];
    private int submitted, early;

    private Ring(int descriptor, uint* parameters)
    {
        handle = new SafeFileHandle(descriptor, ownsHandle: true);
        queues = (byte*)Map(0, QueueBytes, 3, 1 | 0x8000, descriptor, 0);
        entries = (byte*)Map(0, Entries * EntrySize, 3, 1 | 0x8000, descriptor, (nint)EntriesAt);
        uint* submission = parameters + 10, completion = parameters + 20;       // the offsets of both queues
        submissionTail = (uint*)(queues + submission[1]);
        submissionMask = *(uint*)(queues + submission[2]);
        array = (uint*)(queues + submission[6]);
        completionHead = (uint*)(queues + completion[0]);
        completionTail = (uint*)(queues + completion[1]);
        completionMask = *(uint*)(queues + completion[2]);
        completions = queues + completion[5];
        Loop.Current.AddReader(handle, TakeCompletions);
    }

    /// <summary>Null where the system has none, or forbids it.</summary>
    internal static Ring? TryCreate()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        uint* parameters = stackalloc uint[30];
        new Span<uint>(parameters, 30).Clear();
        parameters[2] = SingleIssuer | CooperativeTasks;
        int descriptor = (int)Call(Setup, Entries, (nint)parameters, 0, 0, 0, 0);
        return descriptor < 0 ? null : new Ring(descriptor, parameters);
    }

    public void Dispose()
    {
        Loop.Current.RemoveReader(handle);
        handle.Dispose();
        _ = Unmap((nint)queues, QueueBytes);
        _ = Unmap((nint)entries, Entries * EntrySize);
    }

    // Null: it is done, and `early` has its result.
    private LoopFuture<int>? Submit(byte operation, SafeFileHandle file, byte[] buffer, long offset)
    {
        int number = submitted++ % Entries;
        uint tail = *submissionTail, place = tail & submissionMask;
        byte* entry = entries + (place * EntrySize);
        new Span<byte>(entry, EntrySize).Clear();
        entry[0] = operation;
        *(int*)(entry + 4) = (int)file.DangerousGetHandle();
        *(long*)(entry + 8) = offset;
        *(nint*)(entry + 16) = (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(buffer));
        *(int*)(entry + 24) = buffer.Length;
        *(ulong*)(entry + 32) = (ulong)number;
        array[place] = place;
        Volatile.Write(ref *submissionTail, tail + 1);
        if (Call(Enter, (int)handle.DangerousGetHandle(), 1, 0, 0, 0, 0) != 1)
        {
            throw new IOException($"io_uring_enter: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        if (TryTake(out ulong done, out int result))
        {
            if (done == (ulong)number)
            {
                early = result;
                return null;
            }

            Complete(done, result);
        }

        return waiting[number] = new LoopFuture<int>();
    }

    private void TakeCompletions()
    {
        while (TryTake(out ulong done, out int result))
        {
            Complete(done, result);
        }
    }

    private void Complete(ulong number, int result)
    {
        waiting[number]!.SetResult(result);
        waiting[number] = null;
    }

    private bool TryTake(out ulong number, out int result)
    {
        uint head = *completionHead;
        if (head == Volatile.Read(ref *completionTail))
        {
            (number, result) = (0, 0);
            return false;
        }

        byte* completion = completions + ((head & completionMask) * 16);
        (number, result) = (*(ulong*)completion, *(int*)(completion + 8));
        Volatile.Write(ref *completionHead, head + 1);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nint length);
}
