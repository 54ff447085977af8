namespace EventLoop.Tool.Web;

/// <summary>The recording that a page shows. Any thread.</summary>
internal interface IPageRecording
{
    /// <param name="loop">Which, by its number; null: the first.</param>
    /// <returns>Null: there is none.</returns>
    Timeline? Latest(string? loop);

    /// <param name="loop">Which, by its number; null: the first.</param>
    /// <param name="span">How long.</param>
    /// <exception cref="ToolException">The process has ended or does not respond, a recording is in progress, or there is no process.</exception>
    Timeline Record(string? loop, TimeSpan span);
}
