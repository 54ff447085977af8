namespace EventLoop.Native;

/// <summary>What a descriptor of a child is connected to.</summary>
internal enum ChildStreamKind : byte
{
    Inherit,
    Pipe,
    Null,
    SameAsOutput,
    File,
    Handle,
}
