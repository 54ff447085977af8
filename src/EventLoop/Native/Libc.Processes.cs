using System.Runtime.InteropServices;

namespace EventLoop.Native;

// Child processes: starting, waiting, signalling.
internal static unsafe partial class Libc
{
    internal const int PidfdSendSignal = 424, PidfdOpen = 434;      // by number: musl has no wrappers

    [LibraryImport(Name, EntryPoint = "posix_spawn")]
    internal static partial int Spawn(int* process, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport(Name, EntryPoint = "posix_spawn_file_actions_init")]
    internal static partial int SpawnActionsInit(void* actions);

    [LibraryImport(Name, EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static partial int SpawnActionsDestroy(void* actions);

    [LibraryImport(Name, EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static partial int SpawnActionsDuplicate(void* actions, int from, int to);

    [LibraryImport(Name, EntryPoint = "posix_spawn_file_actions_addopen")]
    internal static partial int SpawnActionsOpen(void* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport(Name, EntryPoint = "posix_spawnattr_init")]
    internal static partial int SpawnAttributesInit(void* attributes);

    [LibraryImport(Name, EntryPoint = "posix_spawnattr_destroy")]
    internal static partial int SpawnAttributesDestroy(void* attributes);

    [LibraryImport(Name, EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SpawnAttributesSetFlags(void* attributes, short flags);

    [LibraryImport(Name, EntryPoint = "posix_spawnattr_setpgroup")]
    internal static partial int SpawnAttributesSetGroup(void* attributes, int group);

    [LibraryImport(Name, EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SpawnAttributesSetDefault(void* attributes, void* signals);

    [LibraryImport(Name, EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int SpawnAttributesSetMask(void* attributes, void* signals);

    [LibraryImport(Name, EntryPoint = "waitid")]
    internal static partial int WaitId(int kind, uint id, void* information, int options);

    [LibraryImport(Name, EntryPoint = "kill")]
    internal static partial int Kill(int process, int signal);

    /// <summary>Sends a signal to the calling thread, which has been handled when this returns.</summary>
    [LibraryImport(Name, EntryPoint = "raise")]
    internal static partial int Raise(int signal);

    [LibraryImport(Name, EntryPoint = "open")]
    internal static partial int Open(byte* path, int flags, uint mode);

    [LibraryImport(Name, EntryPoint = "access")]
    internal static partial int Access(byte* path, int mode);

    [LibraryImport(Name, EntryPoint = "sigaction")]
    internal static partial int SignalAction(int signal, void* action, void* before);

    [LibraryImport(Name, EntryPoint = "signal")]
    internal static partial nint SetSignal(int signal, nint handler);

    /// <summary>posix_spawn_file_actions_addclosefrom_np; null where the C library has none (musl), so that close-on-exec has to do.</summary>
    internal static readonly delegate* unmanaged<void*, int, int> SpawnActionsCloseFrom =
        (delegate* unmanaged<void*, int, int>)Find("posix_spawn_file_actions_addclosefrom_np");

    /// <summary>posix_spawn_file_actions_addchdir_np; null where the C library has none: glibc before 2.29.</summary>
    internal static readonly delegate* unmanaged<void*, byte*, int> SpawnActionsChangeFolder =
        (delegate* unmanaged<void*, byte*, int>)Find("posix_spawn_file_actions_addchdir_np", "posix_spawn_file_actions_addchdir");

    internal static bool CanChangeFolder => SpawnActionsChangeFolder != null;
}
