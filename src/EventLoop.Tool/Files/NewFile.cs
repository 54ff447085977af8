namespace EventLoop.Tool.Files;

/// <summary>A file that only its owner can read, and that takes the place of nothing.</summary>
internal static class NewFile
{
    internal static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileStream(path, options);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Usage, $"{path} cannot be written: {failure.Message}");
        }
    }
}
