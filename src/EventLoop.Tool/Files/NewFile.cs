namespace EventLoop.Tool.Files;

/// <summary>A file that only its owner can read, and that replaces no existing one.</summary>
internal static class NewFile
{
    /// <summary>Writes it completely, or not at all: if writing fails, because the disk is full or in any other way, nothing is left.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    internal static void Write(string path, Action<FileStream> write)
    {
        var file = Create(path);
        try
        {
            write(file);
            file.Dispose();
        }
        catch (Exception failure)
        {
            Close(file);
            File.Delete(path);
            if (IsOfDisk(failure))
            {
                throw Refused(path, failure);
            }

            throw;
        }
        finally
        {
            Close(file);
        }
    }

    /// <summary>Whether a failure means that the disk is full, the folder gone, or the file larger than allowed.</summary>
    internal static bool IsOfDisk(Exception failure) =>
        failure is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    internal static ToolException Refused(string path, Exception failure) => new(ExitCode.Usage, $"{path} cannot be written: {failure.Message}");

    /// <summary>Closes a file; that it cannot be flushed any more has been reported already.</summary>
    internal static void Close(FileStream file)
    {
        try
        {
            file.Dispose();
        }
        catch (Exception failure) when (IsOfDisk(failure))
        {
            file.SafeFileHandle.Dispose();
        }
    }

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
            throw Refused(path, failure);
        }
    }
}
