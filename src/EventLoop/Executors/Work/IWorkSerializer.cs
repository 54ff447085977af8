using System.Buffers;

namespace EventLoop;

/// <summary>How arguments, results and progress of work in other processes become bytes. One object for each process; work may use it on any thread.</summary>
/// <remarks>Asked for what is not raw only: <c>byte[]</c>, <c>ReadOnlyMemory&lt;byte&gt;</c>, strings,
/// unmanaged types and arrays of them travel as they are.</remarks>
public interface IWorkSerializer
{
    /// <summary>Writes a value.</summary>
    /// <typeparam name="T">The type as the work's signature has it.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="destination">Where to.</param>
    void Serialize<T>(T value, IBufferWriter<byte> destination);

    /// <summary>Makes the value again.</summary>
    /// <typeparam name="T">The type as the work's signature has it.</typeparam>
    /// <param name="bytes">All that was written.</param>
    /// <returns>The value.</returns>
    T Deserialize<T>(ReadOnlySpan<byte> bytes);
}
