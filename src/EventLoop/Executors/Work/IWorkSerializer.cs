using System.Buffers;

namespace EventLoop;

/// <summary>Converts arguments, results and progress of work in other processes to bytes. One object for each process; work may use it on any
/// thread.</summary>
/// <remarks>Used only for values that are not raw: <c>byte[]</c>, <c>ReadOnlyMemory&lt;byte&gt;</c>, strings, unmanaged types and arrays of them are sent as
/// they are.</remarks>
public interface IWorkSerializer
{
    /// <summary>Writes a value.</summary>
    /// <typeparam name="T">The type in the work's signature.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="destination">Receives the bytes.</param>
    void Serialize<T>(T value, IBufferWriter<byte> destination);

    /// <summary>Reads a value.</summary>
    /// <typeparam name="T">The type in the work's signature.</typeparam>
    /// <param name="bytes">Everything that was written for it.</param>
    /// <returns>The value.</returns>
    T Deserialize<T>(ReadOnlySpan<byte> bytes);
}
