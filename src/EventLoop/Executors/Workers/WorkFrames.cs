using EventLoop.Executors.Work;

namespace EventLoop.Executors.Workers;

/// <summary>Reads and writes names and failures in frames.</summary>
internal static class WorkFrames
{
    internal static string TextOf(WorkName name) =>
        string.Join('\n', name.Assembly, name.Version, name.Build, name.Token, name.Signature, string.Join('\t', name.TypeArguments), name.Display);

    internal static WorkName NameOf(string text)
    {
        string[] parts = text.Split('\n');
        return new WorkName(
            parts[0],
            parts[1],
            Guid.Parse(parts[2]),
            int.Parse(parts[3], System.Globalization.CultureInfo.InvariantCulture),
            parts[4],
            parts[5].Length == 0 ? [] : parts[5].Split('\t'),
            parts[6]);
    }

    internal static void Write(FrameWriter to, Exception failure)
    {
        var told = WorkFailure.Of(failure);
        to.WriteText(told.TypeName);
        to.WriteText(told.FullName);
        to.WriteText(told.Message);
        to.WriteText(told.Stack);
        to.WriteInt32(told.IsCancellation ? 1 : 0);
    }

    internal static Exception ReadFailure(ReadOnlySpan<byte> bytes)
    {
        var reader = new FrameReader(bytes);
        return new WorkFailure(reader.ReadText()!, reader.ReadText()!, reader.ReadText()!, reader.ReadText()!, reader.ReadInt32() != 0).ToException();
    }
}
