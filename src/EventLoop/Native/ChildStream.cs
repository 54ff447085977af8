using System.Runtime.InteropServices;

namespace EventLoop.Native;

/// <summary>One descriptor of a child.</summary>
internal readonly record struct ChildStream(ChildStreamKind Kind, string? Path = null, bool Appends = false, SafeHandle? Handle = null);
