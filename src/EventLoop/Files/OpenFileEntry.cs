using EventLoop.Native;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.IO;

/// <summary>A file that an <see cref="OpenFileCache"/> keeps open, or kept: it may still have users. Loop thread only.</summary>
internal sealed class OpenFileEntry(string path, SafeFileHandle handle, FileFacts facts, bool isLocal) : IListNode<OpenFileEntry>
{
    private int users;
    private bool isKept = true;

    // In the cache's order of use.
    OpenFileEntry? IListNode<OpenFileEntry>.Previous { get; set; }

    OpenFileEntry? IListNode<OpenFileEntry>.Following { get; set; }

    internal string Path => path;

    internal SafeFileHandle Handle => handle;

    internal FileFacts Facts => facts;

    internal bool IsLocal => isLocal;

    /// <summary>On the loop's clock.</summary>
    internal TimeSpan ValidUntil { get; set; }

    /// <summary>See <see cref="LoopFile.NoteBroughtIn"/>.</summary>
    internal bool WasBroughtIn { get; set; }

    internal LoopFile Lend()
    {
        users++;
        return new LoopFile(this);
    }

    /// <summary>Called when a user has disposed it.</summary>
    internal void Release()
    {
        users--;
        CloseIfUnused();
    }

    /// <summary>Called when the cache no longer keeps it.</summary>
    internal void Drop()
    {
        isKept = false;
        CloseIfUnused();
    }

    private void CloseIfUnused()
    {
        if (!isKept && users == 0)
        {
            handle.Dispose();
        }
    }
}
